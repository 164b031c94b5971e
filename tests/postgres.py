"""A real PostgreSQL for tests: a cluster of its own in a temporary folder, on a free port.

Import the fixture where it is needed::

    from tests.postgres import postgres

    __all__ = ["postgres"]

and call it for a new, empty database: ``postgres()`` returns its URL.
"""

from __future__ import annotations

import glob
import os
import pwd
import shutil
import socket
import subprocess
import tempfile
import uuid
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

START_LIMIT = 60
STOP_LIMIT = 30
USERS = ("postgres", "nobody")
"""Who runs the server where the tests run as root, which it refuses: the first that exists."""
OPTIONS = {
    "fsync": "off",  # the cluster is thrown away
    "listen_addresses": "'127.0.0.1'",
    "max_connections": "50",
    "shared_buffers": "'32MB'",
}


@pytest.fixture(scope="session")
def postgres() -> Iterator[Callable[[], str]]:
    """Return a maker of empty databases on one cluster that lasts as long as the session."""
    binaries = _binaries()
    folder = Path(tempfile.mkdtemp(prefix="rupture-watch-postgres-"))
    user = _unprivileged()
    if user is not None:
        os.chown(folder, user.pw_uid, user.pw_gid)
    port = _free_port()
    data = folder / "data"

    def run(program: str, *arguments: str, limit: float = START_LIMIT) -> None:
        subprocess.run(
            [binaries / program, *arguments],
            cwd=folder,
            env={"PATH": os.environ.get("PATH", ""), "LC_ALL": "C", "TZ": "UTC"},
            user=None if user is None else user.pw_uid,
            group=None if user is None else user.pw_gid,
            extra_groups=None if user is None else [],
            check=True,
            timeout=limit,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )

    try:
        run("initdb", "--auth=trust", "--encoding=UTF8", "--username=tester", f"--pgdata={data}")
        with (data / "postgresql.conf").open("a") as configuration:
            options = {**OPTIONS, "port": port, "unix_socket_directories": f"'{folder}'"}
            configuration.writelines(f"{name} = {value}\n" for name, value in options.items())
        log = folder / "server.log"
        run("pg_ctl", "start", "--wait", f"--pgdata={data}", f"--log={log}")
        try:

            def database() -> str:
                name = f"t{uuid.uuid4().hex[:12]}"
                server = ("--host=127.0.0.1", f"--port={port}", "--username=tester")
                run("createdb", *server, name)
                return f"postgresql://tester@127.0.0.1:{port}/{name}"

            yield database
        finally:
            run("pg_ctl", "stop", "--mode=immediate", f"--pgdata={data}", limit=STOP_LIMIT)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _binaries() -> Path:
    """Return the folder of the newest installed server; without one fail under CI, else skip."""
    if found := sorted(glob.glob("/usr/lib/postgresql/*/bin/initdb"), key=_version):  # noqa: PTH207
        return Path(found[-1]).parent
    if (path := shutil.which("initdb")) is not None:
        return Path(path).resolve().parent
    remedy = "PostgreSQL's server is missing: `make test` installs it on Debian as root"
    if os.environ.get("CI"):
        pytest.fail(remedy)
    pytest.skip(remedy)


def _version(path: str) -> float:
    return float(Path(path).parts[-3])


def _unprivileged() -> pwd.struct_passwd | None:
    """Return whom to run the server as; None: whoever runs the tests."""
    if os.geteuid() != 0:
        return None
    known = {one.pw_name: one for one in pwd.getpwall()}
    return next(known[name] for name in USERS if name in known)


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port
