"""What there is on a cluster: brokers, topics and their settings, offsets of groups."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any, NamedTuple, TypeAlias

from aiokafka import TopicPartition
from aiokafka.admin import AIOKafkaAdminClient, NewTopic
from aiokafka.admin.config_resource import ConfigResource, ConfigResourceType
from aiokafka.errors import (
    GroupIdNotFound,
    IncompatibleBrokerVersion,
    KafkaError,
    TopicAlreadyExistsError,
    for_code,
)

from rupture_watch.failures import Unavailable
from rupture_watch.kafka.admission import NOT_ALLOWED, not_allowed
from rupture_watch.kafka.connection import connection_arguments
from rupture_watch.kafka.session import Session

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence

    from rupture_watch.settings import KafkaSettings

PAUSE = 0.1
"""Seconds between two tries of a request that a moving cluster could not answer."""


class Refused(Unavailable):
    """The cluster answered an administrative request with an error; the line says which."""


Place: TypeAlias = tuple[str, int]
"""A topic and the number of a partition."""


class TopicPlan(NamedTuple):
    """A topic as it should be."""

    name: str
    partitions: int
    replication: int
    configs: Mapping[str, str]


class TopicFound(NamedTuple):
    """A topic as it is; ``replication`` is the least of its partitions."""

    name: str
    partitions: int
    replication: int
    leaderless: int


class Admin(Session):
    """An administrative session with one cluster, for as long as the context lasts.

    A request that meets a broker on its way out or a leader on its way in is tried again for
    ``timeout`` seconds.

    Raises (every method):
        Unreachable: nobody answered in that time.
        NotAdmitted: the cluster does not accept these settings, or its user lacks a right.
        Refused: the cluster said no.
    """

    def __init__(self, kafka: KafkaSettings, *, timeout: float = 30.0) -> None:
        client = AIOKafkaAdminClient(
            **connection_arguments(kafka), request_timeout_ms=int(timeout * 1000)
        )
        super().__init__(kafka, client)
        self._timeout = timeout

    async def _close(self) -> None:
        await self._client.close()

    async def brokers(self) -> list[int]:
        """Return the ids of the brokers that are registered and alive."""
        cluster = await self._ask(self._client.describe_cluster)
        return sorted(broker["node_id"] for broker in cluster["brokers"])

    async def topics(self) -> dict[str, TopicFound]:
        """Return every topic of the cluster by name; internal ones are left out."""
        return {
            topic["topic"]: TopicFound(
                name=topic["topic"],
                partitions=len(topic["partitions"]),
                replication=min((len(p["replicas"]) for p in topic["partitions"]), default=0),
                leaderless=sum(p["leader"] < 0 for p in topic["partitions"]),
            )
            for topic in await self._ask(self._client.describe_topics)
            if not topic["is_internal"] and topic["error_code"] == 0
        }

    async def configs(self, names: Iterable[str]) -> dict[str, dict[str, str]]:
        """Return the settings of these topics, the broker's defaults included.

        A stand-in for Kafka that knows no settings answers with none.
        """
        resources = [ConfigResource(ConfigResourceType.TOPIC, name) for name in names]
        try:
            responses = await self._ask(lambda: self._client.describe_configs(resources))
        except IncompatibleBrokerVersion:
            return {}
        found: dict[str, dict[str, str]] = {}
        for response in responses:
            for code, message, _, name, entries in response.resources:
                if code:
                    raise self._refused(f"settings of {name}", code, message)
                found[name] = {entry[0]: entry[1] for entry in entries}
        return found

    async def create(self, plans: Sequence[TopicPlan]) -> list[str]:
        """Create these topics and wait until they have leaders; return the names created.

        A topic that is there already is left as it is. A stand-in for Kafka that has no controller
        makes topics, with settings of its own, when it is asked about them.
        """
        names = [plan.name for plan in plans]
        if not plans:
            created = []
        elif not await self._has_controller():
            created = names
            await self._ask(lambda: self._client.describe_topics(names))
        else:
            created = await self._create(plans)
        await self._until(
            lambda topics: all(n in topics and not topics[n].leaderless for n in names)
        )
        return created

    async def _has_controller(self) -> bool:
        cluster = await self._ask(self._client.describe_cluster)
        return cluster["controller_id"] in {broker["node_id"] for broker in cluster["brokers"]}

    async def _create(self, plans: Sequence[TopicPlan]) -> list[str]:
        new = [
            NewTopic(p.name, p.partitions, p.replication, topic_configs=p.configs) for p in plans
        ]
        response = await self._ask(lambda: self._client.create_topics(new))
        created = []
        for name, code, message in response.topic_errors:
            if code == 0:
                created.append(name)
            elif code != TopicAlreadyExistsError.errno:
                raise self._refused(f"topic {name}", code, message)
        return created

    async def delete(self, names: Sequence[str]) -> None:
        """Delete these topics with everything in them, and wait until they are gone."""
        await self._ask(lambda: self._client.delete_topics(list(names)))
        await self._until(lambda topics: not any(name in topics for name in names))

    async def committed(
        self, group: str, places: Iterable[Place] | None = None
    ) -> dict[Place, int]:
        """Return what a group would read next: in these places, 0 where it never committed.

        Without ``places``: wherever it has committed.
        """
        partitions = None if places is None else [TopicPartition(*place) for place in places]
        offsets = await self._ask(
            lambda: self._client.list_consumer_group_offsets(group, partitions=partitions)
        )
        return {(tp.topic, tp.partition): max(0, found.offset) for tp, found in offsets.items()}

    async def members(self, group: str) -> int:
        """Return how many members a consumer group has; 0 for one that nobody has heard of.

        A stand-in for Kafka that describes no groups is taken to have none.
        """
        try:
            (response,) = await self._ask(lambda: self._client.describe_consumer_groups([group]))
        except IncompatibleBrokerVersion:
            return 0
        code, _, _, _, _, members, *_ = response.groups[0]
        if code and code != GroupIdNotFound.errno:
            raise self._refused(f"group {group}", code, None)
        return len(members)

    async def _until(self, settled: Callable[[Mapping[str, TopicFound]], bool]) -> None:
        """Wait until the topics look as wanted, as every broker learns of changes by and by."""
        try:
            async with asyncio.timeout(self._timeout):
                while not settled(await self.topics()):  # noqa: ASYNC110 - a cluster's state
                    await asyncio.sleep(PAUSE)
        except TimeoutError as error:
            raise Refused(f"topics not as asked after {self._timeout:.0f} s") from error

    async def _ask(self, request: Callable[[], Awaitable[Any]]) -> Any:
        """Send a request until it is answered, up to the time limit."""
        deadline = asyncio.get_running_loop().time() + self._timeout
        while True:
            try:
                return await request()
            except IncompatibleBrokerVersion:
                raise
            except NOT_ALLOWED as error:
                raise not_allowed(self._kafka, type(error).__name__) from error
            except (KafkaError, OSError, TimeoutError) as error:
                if isinstance(error, KafkaError) and not error.retriable:
                    raise Refused(f"{type(error).__name__} from {self._kafka.bootstrap}") from error
                if asyncio.get_running_loop().time() > deadline:
                    raise self._gone() from error
            await asyncio.sleep(PAUSE)

    def _refused(self, what: str, code: int, message: str | None) -> Exception:
        kind = for_code(code)
        if issubclass(kind, NOT_ALLOWED):
            return not_allowed(self._kafka, f"{what} ({kind.__name__})")
        return Refused(f"{what}: {message or kind.__name__}")
