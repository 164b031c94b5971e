"""One node of the local broker: a Java process that is broker and controller in one."""

from __future__ import annotations

import asyncio
import random
import signal
import socket
from string import Template
from typing import IO, TYPE_CHECKING, NamedTuple

from rupture_watch.deployment import deployment_file
from rupture_watch.operations.broker.artifacts import java, kafka_jars
from rupture_watch.operations.broker.failure import BrokerFailure
from rupture_watch.operations.orphans import dies_with_parent

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

HOST = "127.0.0.1"
HEAP = ("-Xms64m", "-Xmx320m", "-XX:+UseSerialGC", "-XX:-UsePerfData")
"""Kafka lives on the page cache; this heap carried a million events with room to spare."""
QUICK = ("-XX:TieredStopAtLevel=1",)
"""Compile once and lightly: a third less CPU until a node answers, for nodes of short life."""
FORMAT_LIMIT = 60.0
ERROR_WORDS = ("ERROR", "FATAL", "Error", "Exception")
STOP_LIMIT = 30.0
"""Seconds after which a node that does not stop is killed; a controlled stop takes about two."""


class Ports(NamedTuple):
    """Where one node listens: to clients, to the other brokers, to the controllers."""

    client: int
    internal: int
    controller: int


class Node:
    """A node with ports and a folder of its own; it may be started and ended again and again."""

    def __init__(self, number: int, data: Path, ports: Ports, *, quick: bool) -> None:
        self.number = number
        self._options = HEAP + QUICK if quick else HEAP
        self.port, self.internal, self.controller = ports
        self.advertised = f"{HOST}:{self.port}"
        self._data = data / f"node-{number}"
        self._told = 0
        self._process: asyncio.subprocess.Process | None = None

    @property
    def running(self) -> bool:
        """Tell whether the Java process is there; it may still be starting."""
        return self._process is not None and self._process.returncode is None

    @property
    def log(self) -> Path:
        """The file that holds everything the node printed."""
        return self._data / "kafka.log"

    def configure(self, shared: Mapping[str, str], properties: Mapping[str, str]) -> None:
        """Write ``server.properties``: the template, filled, then ``properties`` over it."""
        self._data.mkdir(parents=True, exist_ok=True)
        template = Template(deployment_file("broker", "server.properties").read_text("utf-8"))
        filled = template.substitute(
            shared,
            node=self.number,
            host=HOST,
            port=self.port,
            internal=self.internal,
            controller=self.controller,
            advertised=self.advertised,
            logs=self._data / "logs",
        )
        lines = [line for line in filled.splitlines() if line.split("=")[0] not in properties]
        lines += [f"{name}={value}" for name, value in properties.items()]
        self._configuration.write_text("\n".join(lines) + "\n", "utf-8")

    async def start(self, cluster: str) -> None:
        """Format the folder on first use, then start the process; does not wait until it answers.

        Raises:
            BrokerFailure: the folder cannot be formatted.
        """
        if not (self._data / "logs" / "meta.properties").is_file():
            await self._format(cluster)
        with self.log.open("ab") as log:
            self._told = log.tell()
            self._process = await self._java("kafka.Kafka", str(self._configuration), output=log)

    async def died(self) -> BrokerFailure:
        """Wait until the process ends and return why, as far as its code and its log tell."""
        code = await self._process.wait() if self._process is not None else 0
        how = (
            f"was ended by {signal.Signals(-code).name}" if code < 0 else f"ended with code {code}"
        )
        return BrokerFailure(f"broker node {self.number} {how}{self._last_error()}")

    async def stop(self) -> None:
        """Ask the process to stop and wait; one that does not is killed."""
        if self._process is None or self._process.returncode is not None:
            return
        self._process.terminate()
        try:
            await asyncio.wait_for(self._process.wait(), STOP_LIMIT)
        except TimeoutError:
            await self.kill()

    async def kill(self) -> None:
        """End the process at once (SIGKILL), as a power failure would."""
        if self._process is not None and self._process.returncode is None:
            self._process.kill()
            await self._process.wait()

    def signal(self, number: signal.Signals) -> None:
        """Send any signal, such as SIGSTOP and SIGCONT for a node that hangs."""
        if self._process is not None and self._process.returncode is None:
            self._process.send_signal(number)

    @property
    def _configuration(self) -> Path:
        return self._data / "server.properties"

    async def _format(self, cluster: str) -> None:
        with self.log.open("ab") as log:
            self._told = log.tell()
            process = await self._java(
                "kafka.tools.StorageTool",
                "format",
                f"--cluster-id={cluster}",
                f"--config={self._configuration}",
                output=log,
            )
        if await asyncio.wait_for(process.wait(), FORMAT_LIMIT):
            raise BrokerFailure(f"the broker's folder cannot be formatted{self._last_error()}")

    async def _java(
        self, program: str, *arguments: str, output: IO[bytes]
    ) -> asyncio.subprocess.Process:
        launcher = java()
        if launcher is None:
            raise BrokerFailure("there is no Java: install one (17 or newer) or set JAVA_HOME")
        jars = await kafka_jars()
        return await asyncio.create_subprocess_exec(
            launcher,
            *self._options,
            f"-Dlog4j2.configurationFile={deployment_file('broker', 'log4j2.properties')}",
            "-cp",
            f"{jars}/*",
            program,
            *arguments,
            stdin=asyncio.subprocess.DEVNULL,
            stdout=output,
            stderr=asyncio.subprocess.STDOUT,
            start_new_session=True,  # Ctrl-C is for us: clients first, then the broker
            preexec_fn=dies_with_parent(),
        )

    def _last_error(self) -> str:
        """Return the last line of this run that names an error, as the end of a sentence."""
        with self.log.open("rb") as log:
            log.seek(self._told)
            lines = log.read().decode("utf-8", errors="replace").splitlines()
        errors = [line for line in lines if any(word in line for word in ERROR_WORDS)]
        return f": {errors[-1].strip()}" if errors else ""


def free_ports(count: int) -> list[int]:
    """Return distinct ports that nothing listens on.

    Chosen below the range from which the system serves outgoing connections, so that none of
    those can take one before the broker does.

    Raises:
        BrokerFailure: there are not as many.
    """
    ports: list[int] = []
    for port in random.SystemRandom().sample(range(20_000, 32_000), 1_000):
        if len(ports) == count:
            break
        if is_free(port):
            ports.append(port)
    else:
        raise BrokerFailure("no free ports between 20000 and 32000")
    return ports


def is_free(port: int) -> bool:
    """Tell whether a server could listen on this port now."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, port))
        except OSError:
            return False
    return True
