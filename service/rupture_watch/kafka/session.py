"""What all clients of a cluster share: they are connected for as long as their context lasts."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Self

from aiokafka.errors import KafkaError

from rupture_watch.failures import Unavailable
from rupture_watch.kafka.admission import refusal

if TYPE_CHECKING:
    from types import TracebackType

    from rupture_watch.settings import KafkaSettings


class Unreachable(Unavailable):
    """The cluster does not answer."""


class Session:
    """A client of one cluster, connected between entering and leaving.

    Raises (on entering):
        Unreachable: nobody answered.
        NotAdmitted: the cluster does not accept these settings.
    """

    def __init__(self, kafka: KafkaSettings, client: Any) -> None:
        self._kafka = kafka
        self._client = client

    async def __aenter__(self) -> Self:
        try:
            await self._open()
        except BaseException as error:
            await self._close()
            if isinstance(error, KafkaError | OSError):
                raise await refusal(self._kafka) or self._gone() from error
            raise
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self._close()

    async def _open(self) -> None:
        """Connect, and do what comes before all else."""
        await self._client.start()

    async def _close(self) -> None:
        await self._client.stop()

    def _gone(self, error: BaseException | None = None) -> Unreachable:
        """Return what to raise where the cluster is silent, or failed with ``error``."""
        if error is None:
            where = self._kafka.bootstrap
            return Unreachable(f"no answer from Kafka at {where}: is it running, is it yours?")
        return Unreachable(f"Kafka at {self._kafka.bootstrap}: {type(error).__name__}")
