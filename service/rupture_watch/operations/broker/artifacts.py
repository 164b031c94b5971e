"""Apache Kafka's own artifacts, fetched once by Maven into the user's cache folder."""

from __future__ import annotations

import asyncio
import fcntl
import hashlib
import os
import shutil
import subprocess
import tempfile
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from rupture_watch.deployment import deployment_file
from rupture_watch.operations.broker.failure import BrokerFailure

if TYPE_CHECKING:
    from collections.abc import Iterator

MAVEN_LIMIT = 540.0
"""Seconds for some 55 MB on a slow line; a hanging registry must not hang a test run."""


def java() -> str | None:
    """Return the Java launcher of ``JAVA_HOME`` or of the path, if there is one."""
    home = os.environ.get("JAVA_HOME")
    return shutil.which("java", path=f"{home}/bin") if home else shutil.which("java")


def obtainable() -> bool:
    """Tell whether a real broker can be started here: Java, and Kafka or a way to get it."""
    return java() is not None and (_folder().is_dir() or shutil.which("mvn") is not None)


async def kafka_jars() -> Path:
    """Return the folder with Kafka's jars, fetching them if they are not there yet.

    Any number of processes may ask at once: one fetches, the others wait for its lock. A fetch
    that is cut short leaves nothing behind that looks complete.

    Raises:
        BrokerFailure: Maven is missing or failed; the message carries its last word.
    """
    folder = _folder()
    if not folder.is_dir():
        folder.parent.mkdir(parents=True, exist_ok=True)
        await asyncio.to_thread(_lock_then_fetch, folder)
    return folder


def _folder() -> Path:
    """Name the folder by the list of artifacts, so that a changed list is a new folder."""
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    digest = hashlib.sha256(deployment_file("broker", "pom.xml").read_bytes()).hexdigest()
    return cache / "rupture-watch" / f"kafka-{digest[:12]}"


def _lock_then_fetch(folder: Path) -> None:
    with _locked(folder.with_suffix(".lock")):
        if not folder.is_dir():
            _fetch(folder)


@contextmanager
def _locked(file: Path) -> Iterator[None]:
    with file.open("w") as handle:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield


def _fetch(folder: Path) -> None:
    maven = shutil.which("mvn")
    if maven is None:
        raise BrokerFailure("Kafka is not in the cache yet and there is no Maven to fetch it")
    with tempfile.TemporaryDirectory(dir=folder.parent, prefix="fetching-") as partial:
        jars = Path(partial) / "jars"
        try:
            subprocess.run(
                [
                    maven,
                    "--quiet",
                    "--batch-mode",
                    f"--file={deployment_file('broker', 'pom.xml')}",
                    "dependency:copy-dependencies",
                    "-DincludeScope=runtime",
                    f"-DoutputDirectory={jars}",
                ],
                check=True,
                capture_output=True,
                text=True,
                timeout=MAVEN_LIMIT,
            )
        except subprocess.TimeoutExpired as error:
            raise BrokerFailure(f"Maven gave no result within {MAVEN_LIMIT:.0f} s") from error
        except subprocess.CalledProcessError as error:
            lines = [line for line in error.stdout.splitlines() if line.startswith("[ERROR]")]
            reason = lines[0].removeprefix("[ERROR] ") if lines else f"exit {error.returncode}"
            raise BrokerFailure(f"Maven could not fetch Kafka: {reason}") from error
        jars.rename(folder)
