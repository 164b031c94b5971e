"""librdkafka's in-memory broker: a stand-in for a first look where there is no Java."""

from __future__ import annotations

from typing import TYPE_CHECKING, Self

from rupture_watch.operations.broker.failure import BrokerFailure
from rupture_watch.settings import KafkaSettings

if TYPE_CHECKING:
    from types import TracebackType

NOTICE = (
    "no Java and Maven here: this is librdkafka's in-memory mock of Kafka, for a short look only. "
    "It forgets everything at its end, keeps about 5 MB a partition, never compacts, and lets one "
    "worker join in seconds but a second one only after its session timeout."
)
ANSWER_LIMIT = 10.0


class MockBroker:
    """The stand-in, for as long as the context lasts; it lives inside this process.

    Topics cannot be created by an admin client: they appear, with four partitions, when a client
    first asks for them.
    """

    def __init__(self) -> None:
        self.bootstrap = ""

    @property
    def kafka(self) -> KafkaSettings:
        """The settings with which a client reaches it."""
        return KafkaSettings.model_construct().model_copy(update={"bootstrap": self.bootstrap})

    async def __aenter__(self) -> Self:
        try:
            from confluent_kafka import Producer  # noqa: PLC0415 - an extra, absent by default
        except ImportError as error:
            raise BrokerFailure(
                "no Java and Maven for a real Kafka, and no mock: install rupture-watch[mock]"
            ) from error
        self._host = Producer(
            {"test.mock.num.brokers": 1, "bootstrap.servers": "in-memory", "log_level": 2}
        )
        brokers = self._host.list_topics(timeout=ANSWER_LIMIT).brokers.values()
        self.bootstrap = ",".join(f"{broker.host}:{broker.port}" for broker in brokers)
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        del self._host
