"""FHIR bodies at work: what came is written, what is missing is fetched, gaps are filled."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Final

from rupture_watch.gateway.mapping.verdict import Why
from rupture_watch.gateway.subscriptions import NotFetched
from rupture_watch.gateway.writer import Unavailable

if TYPE_CHECKING:
    from rupture_watch.gateway.intake import Intake, Taken
    from rupture_watch.gateway.mapping.run import Run
    from rupture_watch.gateway.mapping.verdict import Mapped
    from rupture_watch.gateway.subscriptions import EventNumbers, FhirServer, Gap
    from rupture_watch.metrics import Metrics

logger = logging.getLogger(__name__)

MOST_FETCHED: Final = 50
"""Resources that are fetched for one body; a sender has no business to make us fetch more."""


class Notifications:
    """Takes FHIR bodies, notifications among them."""

    def __init__(
        self,
        intake: Intake,
        numbers: EventNumbers,
        server: FhirServer | None,
        metrics: Metrics,
    ) -> None:
        self._intake = intake
        self._numbers = numbers
        self._server = server
        self._metrics = metrics

    async def take(self, door: str, sender: str, run: Run, body: bytes) -> tuple[Taken, Gap | None]:
        """Take a body; return what became of it and the gap that is still open, if any.

        Raises:
            Unavailable: Kafka did not acknowledge.
        """
        mapper = self._intake.mapper
        mapped = mapper.fhir(run, body)
        await self._fetch(run, mapped)
        taken = await self._intake.take_mapped(door, mapped)
        notice = mapped.notice
        if notice is None:
            return taken, None
        gap = self._numbers.gap(sender, notice)
        filled = gap is None or await self._fill(door, run, gap)
        self._numbers.advance(sender, notice, filled=filled)
        if gap is not None:
            result = "filled" if filled else "open"
            self._metrics.count("gateway_notification_gaps_total", result=result)
        return taken, None if filled else gap

    async def _fetch(self, run: Run, mapped: Mapped) -> None:
        """Fetch resources that were only named; what is gone stays refused."""
        if self._server is None:
            return
        for local in mapped.to_fetch[:MOST_FETCHED]:
            try:
                body = await self._server.resource(local)
            except NotFetched as error:
                if not error.is_gone:
                    raise Unavailable from error
                continue
            fetched = self._intake.mapper.fhir(run, body)
            place = next(
                number
                for number, one in enumerate(mapped.verdicts)
                if one.reason == Why.NOT_FETCHED.value
            )
            del mapped.verdicts[place]
            mapped.verdicts.extend(fetched.verdicts)
            mapped.events.extend(fetched.events)

    async def _fill(self, door: str, run: Run, gap: Gap) -> bool:
        if self._server is None:
            return False
        try:
            body = await self._server.events(gap)
        except NotFetched as error:
            logger.warning("a gap was not filled", extra={"error": str(error)})
            return False
        again = self._intake.mapper.run(run.received, backfill=run.backfill)
        mapped = self._intake.mapper.fhir(again, body)
        await self._fetch(again, mapped)
        await self._intake.take_mapped(door, mapped)
        told = {one.number for one in mapped.notice.happenings} if mapped.notice else set()
        return told.issuperset(range(gap.first, gap.last + 1))
