"""What has to be done now and then: figures of the log, and forgetting what nobody needs."""

from __future__ import annotations

import asyncio
from collections import Counter
from typing import TYPE_CHECKING, Final

from rupture_watch.alliance.facts import SECOND
from rupture_watch.delivery.courier import now
from rupture_watch.delivery.measures import CHANNELS

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rupture_watch.delivery.configuration import Log
    from rupture_watch.delivery.courier import Courier
    from rupture_watch.delivery.endpoints import Endpoint
    from rupture_watch.delivery.log import DeliveryLog
    from rupture_watch.metrics import Metrics

FIGURES_EVERY: Final = 5.0
TIDY_EVERY: Final = 600.0
"""Seconds."""


class Upkeep:
    """Runs beside the couriers; what it does may be left out for a while without harm."""

    def __init__(
        self,
        settings: Log,
        log: DeliveryLog,
        couriers: Sequence[tuple[Endpoint, Courier]],
        metrics: Metrics,
    ) -> None:
        self._settings = settings
        self._log = log
        self._couriers = couriers
        self._metrics = metrics

    async def run(self) -> None:
        """Go on until cancelled; raise LogUnavailable when the log fails."""
        clock = asyncio.get_running_loop().time
        tidied = -TIDY_EVERY
        while True:
            await self._figures()
            if clock() - tidied >= TIDY_EVERY:
                tidied = clock()
                await self._tidy()
            await asyncio.sleep(FIGURES_EVERY)

    async def _figures(self) -> None:
        pending: Counter[str] = Counter()
        oldest: Counter[str] = Counter()
        away: Counter[str] = Counter()
        disabled: Counter[str] = Counter()
        waiting, moment = await self._log.waiting(), now()
        for endpoint, courier in self._couriers:
            away[endpoint.kind] += courier.away
            disabled[endpoint.kind] += (await self._log.standing(endpoint.name)).disabled
            if (found := waiting.get(endpoint.name)) is not None:
                pending[endpoint.kind] += found.deliveries
                overdue = max(0, moment - (found.oldest or moment)) // SECOND
                oldest[endpoint.kind] = max(oldest[endpoint.kind], overdue)
        for channel in CHANNELS:
            self._metrics.level("deliveries_pending", pending[channel], channel=channel)
            self._metrics.level("deliveries_oldest_due_seconds", oldest[channel], channel=channel)
            self._metrics.level("endpoints_away", away[channel], channel=channel)
            self._metrics.level("endpoints_disabled", disabled[channel], channel=channel)

    async def _tidy(self) -> None:
        moment = now()
        await self._log.tidy(
            failed_before=moment - int(self._settings.keep_failed * SECOND),
            attempts_before=moment - int(self._settings.keep_attempts * SECOND),
        )
