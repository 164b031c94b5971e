"""``rupture-watch deliver`` as a real process: configured, started, asked, stopped, killed."""

from __future__ import annotations

import asyncio
import json
import os
import sys
from asyncio.subprocess import PIPE, STDOUT
from typing import TYPE_CHECKING

from tests.faults.worker import Worker, environment
from tests.receivers.sink import SECRET

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from rupture_watch.settings import Settings

COMMAND = [sys.executable, "-m", "rupture_watch"]


def configured(
    folder: Path,
    *,
    hook: str | None = None,
    mail: int | None = None,
    fhir: str | None = None,
    log: str | None = None,
    retries: Sequence[float] = (0.1, 0.2, 60.0),
    start: str = "beginning",
) -> Path:
    """Write a configuration file for receivers on the loopback; return it."""
    (folder / "secrets").write_text(SECRET + "\n", "ascii")
    lines = [f'start = "{start}"', "[log]", f'url = "{log or f"sqlite:///{folder}/deliveries.db"}"']
    web = ["plain_http = true", 'allow_networks = ["127.0.0.0/8"]', f"retries = {list(retries)}"]
    web += ['pause = "100ms"', 'longest_pause = "500ms"']
    if hook is not None:
        lines += ["[[endpoint]]", 'name = "hook"', 'kind = "webhook"', f'url = "{hook}"']
        lines += ['secrets_file = "secrets"', *web]
    if fhir is not None:
        lines += [
            "[[endpoint]]",
            'name = "ehr"',
            'kind = "fhir"',
            f'url = "{fhir}"',
            'timeout = "60s"',
        ]
        lines += ['case_system = "https://clinic.example/case"', *web]
    if mail is not None:
        lines += ["[[endpoint]]", 'name = "lead"', 'kind = "mail"', f"port = {mail}"]
        lines += ['host = "localhost"', 'tls = "none"', 'sender = "alliance@clinic.example"']
        lines += ['recipient = "lead@clinic.example"', 'link = "https://inbox.example/"']
        lines += [f"retries = {list(retries)}"]
    file = folder / "deliveries.toml"
    file.write_text("\n".join(lines) + "\n", "utf-8")
    return file


class Deliver(Worker):
    """One process; entering starts it, leaving kills it where it still runs."""

    def __init__(self, settings: Settings, configuration: Path, folder: Path) -> None:
        super().__init__(settings)
        self._configuration = configuration
        self._folder = folder

    async def start(self) -> None:
        self.lines.clear()
        self._process = await asyncio.create_subprocess_exec(
            *COMMAND,
            "deliver",
            "--config",
            str(self._configuration),
            env=self._environment(),
            stderr=PIPE,
        )
        self._reading = asyncio.create_task(self._read())

    async def command(self, *arguments: str) -> tuple[int, str]:
        """Run another command of the same installation; return its exit code and output."""
        process = await asyncio.create_subprocess_exec(
            *COMMAND, *arguments, env=self._environment(), stdout=PIPE, stderr=STDOUT
        )
        out, _ = await process.communicate()
        assert process.returncode is not None
        return process.returncode, out.decode()

    def said(self) -> str:
        """Return everything that the process has logged."""
        return json.dumps(self.lines)

    def _environment(self) -> dict[str, str]:
        return {**os.environ, **environment(self._settings), "COLUMNS": "200"}
