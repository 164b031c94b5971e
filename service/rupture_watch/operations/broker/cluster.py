"""A real Kafka on this machine, for tests, benchmarks and the demo: one node or three."""

from __future__ import annotations

import asyncio
import base64
import uuid
from typing import TYPE_CHECKING, Self

from rupture_watch.kafka.admin import Admin, Refused
from rupture_watch.kafka.session import Unreachable
from rupture_watch.operations.broker.failure import BrokerFailure
from rupture_watch.operations.broker.node import HOST, Node, Ports, free_ports, is_free
from rupture_watch.settings import KafkaSettings

if TYPE_CHECKING:
    import signal
    from collections.abc import Mapping
    from pathlib import Path
    from types import TracebackType

START_LIMIT = 90.0
"""Seconds until every node must have answered; two or three are usual, more under full load."""


class LocalBroker:
    """One cluster in one folder. Entering the context starts it, leaving stops it.

    The data outlive the context: the same folder carries on where it was left. Three nodes keep
    three copies and need two of them in sync, so that any one node may be lost.

    Args:
        data: folder of the cluster; made if absent.
        nodes: 1 or 3; a folder keeps the number that it was made with.
        port: the first node's port for clients; 0 takes a free one.
        properties: lines of ``server.properties`` to replace or add, on every node.
        clients: how to reach the cluster where ``properties`` change that (TLS, SASL); its
            bootstrap is replaced.
        quick: start with less work, at the price of speed after minutes of load.
    """

    def __init__(
        self,
        data: Path,
        *,
        nodes: int = 1,
        port: int = 0,
        properties: Mapping[str, str] | None = None,
        clients: KafkaSettings | None = None,
        quick: bool = True,
    ) -> None:
        if port and not is_free(port):
            raise BrokerFailure(f"port {port} is taken: name another with --port")
        free = iter(free_ports(3 * nodes))
        self.nodes = {
            number: Node(number, data, Ports(next(free), next(free), next(free)), quick=quick)
            for number in range(1, nodes + 1)
        }
        if port:
            self.nodes[1].port = port
            self.nodes[1].advertised = f"{HOST}:{port}"
        self._data = data
        self._properties = dict(properties or {})
        self._clients = clients or KafkaSettings.model_construct()

    @property
    def bootstrap(self) -> str:
        """Every node's address for clients, as ``KAFKA_BOOTSTRAP`` takes it."""
        return ",".join(node.advertised for node in self.nodes.values())

    @property
    def kafka(self) -> KafkaSettings:
        """The settings with which a client reaches this cluster."""
        return self._clients.model_copy(update={"bootstrap": self.bootstrap})

    async def __aenter__(self) -> Self:
        try:
            await self.start()
        except BaseException:
            await self.stop()
            raise
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self.stop()

    async def start(self) -> None:
        """Start every node and wait until all of them answer.

        Raises:
            BrokerFailure: a node died, or they do not all answer in time.
        """
        self._data.mkdir(parents=True, exist_ok=True)
        self._keep_number()
        cluster = self._cluster_id()
        for node in self.nodes.values():
            node.configure(self._shared(), self._properties)
        await asyncio.gather(*(node.start(cluster) for node in self.nodes.values()))
        await self.answering(set(self.nodes))

    async def stop(self) -> None:
        """Stop every node, controlled, all at once."""
        await asyncio.gather(*(node.stop() for node in self.nodes.values()))

    async def start_node(self, number: int) -> None:
        """Start a node that was stopped or killed, and wait until it is back among the others."""
        await self.nodes[number].start(self._cluster_id())
        await self.answering({number})

    async def kill_node(self, number: int) -> None:
        """Kill one node (SIGKILL)."""
        await self.nodes[number].kill()

    def signal_node(self, number: int, signal_number: signal.Signals) -> None:
        """Send a signal to one node: SIGSTOP makes it hang, SIGCONT lets it go on."""
        self.nodes[number].signal(signal_number)

    async def failed(self) -> BrokerFailure:
        """Wait until any running node ends by itself; return why."""
        watches = [asyncio.create_task(n.died()) for n in self.nodes.values() if n.running]
        try:
            done, _ = await asyncio.wait(watches, return_when=asyncio.FIRST_COMPLETED)
            return done.pop().result()
        finally:
            for watch in watches:
                watch.cancel()

    async def answering(self, numbers: set[int]) -> None:
        """Wait until the cluster itself lists these nodes as alive.

        Raises:
            BrokerFailure: one of them died, or the time is up.
        """
        death = asyncio.create_task(self.failed())
        listed = asyncio.create_task(self._listed(numbers))
        try:
            done, _ = await asyncio.wait(
                (death, listed), timeout=START_LIMIT, return_when=asyncio.FIRST_COMPLETED
            )
            if listed in done:
                return listed.result()
            if death in done:
                raise death.result()
            raise BrokerFailure(f"the broker did not answer within {START_LIMIT:.0f} s")
        finally:
            death.cancel()
            listed.cancel()

    async def _listed(self, numbers: set[int]) -> None:
        while not await self._answers(numbers):  # noqa: ASYNC110 - another process's state
            await asyncio.sleep(0.1)

    async def _answers(self, numbers: set[int]) -> bool:
        """Ask for the members and, so that consumer groups work too, for some group's offsets."""
        if not await _listening([self.nodes[number].port for number in numbers]):
            return False
        try:
            async with Admin(self.kafka, timeout=5.0) as admin:
                alive = set(await admin.brokers())
                await admin.committed("readiness", [("readiness", 0)])
        except (Unreachable, Refused):
            return False  # no controller yet, or the offsets topic is still being made
        return numbers <= alive

    def _shared(self) -> dict[str, str]:
        """Return what all nodes have in common; three tolerate the loss of one."""
        many = len(self.nodes) > 1
        return {
            "voters": ",".join(f"{n.number}@{HOST}:{n.controller}" for n in self.nodes.values()),
            "replication": "3" if many else "1",
            "in_sync": "2" if many else "1",
        }

    def _keep_number(self) -> None:
        made = len(list(self._data.glob("node-*/logs/meta.properties")))
        if made not in {0, len(self.nodes)}:
            raise BrokerFailure(f"this folder holds {made} nodes, not {len(self.nodes)}: --nodes")

    def _cluster_id(self) -> str:
        """Return the id of the folder's cluster, made at first use."""
        file = self._data / "cluster-id"
        if not file.is_file():
            file.write_text(base64.urlsafe_b64encode(uuid.uuid4().bytes).decode()[:22], "utf-8")
        return file.read_text("utf-8").strip()


async def _listening(ports: list[int]) -> bool:
    for port in ports:
        try:
            _, writer = await asyncio.open_connection(HOST, port)
        except OSError:
            return False
        writer.close()
        await writer.wait_closed()
    return True
