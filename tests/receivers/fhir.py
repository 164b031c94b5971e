"""A FHIR R4 server of other people: HAPI FHIR's, with its validator in front of the store."""

from __future__ import annotations

import asyncio
import fcntl
import hashlib
import json
import os
import shutil
import subprocess
import tempfile
from contextlib import asynccontextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import aiohttp
import pytest

from rupture_watch.delivery.channels.fhir_terms import code_systems

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

SOURCE = Path(__file__).parent.parent / "fhir"
MAIN = "org.rupturewatch.fhir.Receiver"
BUILD_LIMIT = 900.0
"""Seconds for some 150 MB on a slow line."""
START_LIMIT = 400.0
NEEDED = ("java", "javac", "mvn")


def built() -> Path:
    """Return the folder with the receiver's classes and libraries, building it if need be.

    Any number of processes may ask at once; a build that is cut short leaves nothing behind that
    looks complete.
    """
    folder = _folder()
    if folder.is_dir():
        return folder
    folder.parent.mkdir(parents=True, exist_ok=True)
    with folder.with_suffix(".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not folder.is_dir():
            _build(folder)
    return folder


def obtainable() -> bool:
    """Tell whether the receiver is here or can be built here."""
    if _folder().is_dir():
        return shutil.which("java") is not None
    return all(shutil.which(program) for program in NEEDED)


def require() -> None:
    """Skip the test where the receiver cannot be had; under CI that is a failure."""
    if obtainable():
        return
    remedy = "the FHIR receiver needs a JDK (17 or newer) and Maven: `make test` installs both"
    if os.environ.get("CI"):
        pytest.fail(remedy)
    pytest.skip(remedy)


class FhirServer:
    """The running server; ``base`` is its address."""

    def __init__(self, base: str) -> None:
        self.base = base
        self._session = aiohttp.ClientSession()

    async def all(self, kind: str) -> list[dict[str, Any]]:
        """Return every resource of a type, its version in ``meta.versionId``."""
        async with self._session.get(f"{self.base}/{kind}") as response:
            bundle = await response.json(content_type=None)
        return [entry["resource"] for entry in bundle.get("entry", [])]

    async def put(self, resource: dict[str, Any]) -> None:
        """Change a resource, as people at the receiver do."""
        url = f"{self.base}/{resource['resourceType']}/{resource['id']}"
        headers = {"Content-Type": "application/fhir+json"}
        async with self._session.put(url, data=json.dumps(resource), headers=headers) as response:
            assert response.status == 200, await response.text()

    async def close(self) -> None:
        await self._session.close()


@asynccontextmanager
async def fhir_server(folder: Path) -> AsyncIterator[FhirServer]:
    """Run a server with an empty store; ``folder`` is for what it reads at start."""
    systems = folder / "code-systems.ndjson"
    systems.write_text("\n".join(json.dumps(one) for one in code_systems()) + "\n", "utf-8")
    home = built()
    process = await asyncio.create_subprocess_exec(
        "java",
        "-Xmx768m",
        "-XX:TieredStopAtLevel=1",
        "-cp",
        f"{home}/target/classes:{home}/jars/*",
        MAIN,
        str(systems),
        "0",
        stdout=asyncio.subprocess.PIPE,
    )
    try:
        assert process.stdout is not None
        async with asyncio.timeout(START_LIMIT):
            line = (await process.stdout.readline()).decode().split()
        assert line[:1] == ["ready"], line
        server = FhirServer(f"http://127.0.0.1:{line[1]}/r4")
        try:
            yield server
        finally:
            await server.close()
    finally:
        process.kill()
        await process.wait()


def _folder() -> Path:
    """Name the folder by what it is built from, so that a change is a new folder."""
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    digest = hashlib.sha256()
    for file in sorted(SOURCE.rglob("*")):
        if file.suffix in {".java", ".xml"}:
            digest.update(file.read_bytes())
    return cache / "rupture-watch" / f"fhir-receiver-{digest.hexdigest()[:12]}"


def _build(folder: Path) -> None:
    with tempfile.TemporaryDirectory(dir=folder.parent, prefix="building-") as partial:
        project = Path(partial) / "project"
        shutil.copytree(SOURCE, project, ignore=shutil.ignore_patterns("*.py", "__pycache__"))
        subprocess.run(
            [
                "mvn",
                "--quiet",
                "--batch-mode",
                f"--file={project / 'pom.xml'}",
                "compile",
                "dependency:copy-dependencies",
                "-DincludeScope=runtime",
                f"-DoutputDirectory={project / 'jars'}",
            ],
            check=True,
            timeout=BUILD_LIMIT,
        )
        project.rename(folder)


if __name__ == "__main__":
    built()
