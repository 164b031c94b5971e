"""One endpoint's courier: takes what is due from the log, brings it, writes down what came of it.

Everything about one case goes out in the order in which it was published, one after the other: a
revision waits until the one before it has been delivered or given up. Cases do not wait for one
another. A receiver that does not answer is left alone as a whole, and looked at now and then with
the oldest delivery; when it is back, what waited for it goes out at once, in order.
"""

from __future__ import annotations

import asyncio
import logging
import time
from typing import TYPE_CHECKING, Final

from rupture_watch.alliance.facts import SECOND
from rupture_watch.delivery.breaker import Breaker
from rupture_watch.delivery.endpoints import DigestEndpoint
from rupture_watch.delivery.log import Finished, Report, Wish
from rupture_watch.delivery.results import Next, Outcome, Result, State, what_follows
from rupture_watch.delivery.selection import is_notification

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rupture_watch.alliance.facts import Microseconds
    from rupture_watch.delivery.channels.channel import Channel
    from rupture_watch.delivery.endpoints import Endpoint
    from rupture_watch.delivery.log import Delivery, DeliveryLog
    from rupture_watch.metrics import Metrics

logger = logging.getLogger(__name__)

LONGEST_REST: Final = 1.0
"""Seconds after which the log is looked at again: somebody may have asked for a replay."""
SHORTEST_REST: Final = 0.02
"""Seconds for which ended attempts gather, so that one transaction writes down many."""


AHEAD: Final = 8
"""Deliveries taken for each that can be under way: none waits for the log's transaction. A mail,
which nobody recognises by its id, is written down before the next one is taken."""


def now() -> Microseconds:
    """Return the present moment."""
    return time.time_ns() // 1000


class Courier:
    """Delivers to one endpoint for as long as :meth:`run` runs."""

    def __init__(
        self, endpoint: Endpoint, channel: Channel, log: DeliveryLog, metrics: Metrics
    ) -> None:
        self._endpoint = endpoint
        self._channel = channel
        self._log = log
        self._metrics = metrics
        self._schedule = endpoint.schedule
        self._together = isinstance(endpoint, DigestEndpoint)
        self._breaker = Breaker(endpoint.pauses)
        self._flying: set[asyncio.Task[None]] = set()
        self._ended: list[Finished] = []
        self._unstarted: list[Delivery] = []
        ahead = 1 if is_notification(endpoint) else AHEAD
        self._window = ahead * endpoint.concurrency
        self._abreast = asyncio.Semaphore(endpoint.concurrency)
        self._came_back = False
        self._wake = asyncio.Event()
        self._stopping = False

    @property
    def away(self) -> bool:
        """Whether the receiver is being left alone."""
        return not self._breaker.closed

    def wake(self) -> None:
        """Look at the log now: there is something new."""
        self._wake.set()

    def stop(self) -> None:
        """Take nothing more; :meth:`run` returns when what is under way has ended."""
        self._stopping = True
        self._wake.set()

    async def run(self) -> None:
        """Deliver until told to stop.

        Raises:
            LogUnavailable: the log failed; what is under way is then written down by nobody.
        """
        standing = await self._log.standing(self._endpoint.name)
        self._breaker = Breaker(self._endpoint.pauses, until=standing.paused_until)
        try:
            while not self._is_done():
                rest = await self._turn()
                await self._rest(rest)
        finally:
            for task in self._flying:
                task.cancel()
            await asyncio.gather(*self._flying, return_exceptions=True)
            await self._channel.close()

    def _is_done(self) -> bool:
        return self._stopping and not (self._flying or self._ended or self._unstarted)

    async def _turn(self) -> float:
        """Hand the log what has ended, take what is due; return for how long to rest then."""
        self._wake.clear()
        ended, self._ended = self._ended, []
        unstarted, self._unstarted = self._unstarted, []
        came_back, self._came_back = self._came_back, False
        moment = now()
        look = self._breaker.lets_one_through(moment)
        pause = self._breaker.until if ended else None
        turn = await self._log.turn(
            self._endpoint.name,
            Report(ended, unstarted, pause, came_back),
            Wish(self._room(look=look), look=look, together=self._together),
            moment,
        )
        if self._together and turn.deliveries:
            self._start(turn.deliveries)
        else:
            for delivery in turn.deliveries:
                self._start([delivery])
        return self._until_next(turn.next_due, moment)

    def _room(self, *, look: bool) -> int:
        if self._stopping:
            return 0
        if look:
            return 0 if self._flying else 1
        if not self._breaker.closed:
            return 0
        return self._window - len(self._flying)

    def _until_next(self, next_due: Microseconds | None, moment: Microseconds) -> float:
        rest = LONGEST_REST
        if not self._breaker.closed:
            rest = min(rest, (self._breaker.until - moment) / SECOND)
        elif next_due is not None and not self._flying:
            rest = min(rest, (next_due - moment) / SECOND)
        return max(SHORTEST_REST, rest)

    def _start(self, deliveries: Sequence[Delivery]) -> None:
        task = asyncio.create_task(self._attempt(deliveries))
        self._flying.add(task)
        task.add_done_callback(self._landed)

    def _landed(self, task: asyncio.Task[None]) -> None:
        self._flying.discard(task)
        self._wake.set()

    async def _attempt(self, deliveries: Sequence[Delivery]) -> None:
        looking = not self._breaker.closed
        async with self._abreast:
            if self._stopping or (not self._breaker.closed and not looking):
                self._unstarted += deliveries
                return
            started_at = now()
            try:
                outcome = await self._channel.deliver(deliveries)
            except Exception:  # a defect of ours: it is seen, counted and tried again
                logger.exception("attempt failed", extra={"detail": self._endpoint.name})
                outcome = Outcome(Result.UNREACHABLE)
        self._note([one._replace(started_at=started_at) for one in deliveries], outcome)

    def _note(self, deliveries: Sequence[Delivery], outcome: Outcome) -> None:
        ended_at = now()
        was_away = self.away
        self._came_back |= self._breaker.note(outcome, ended_at)
        if self.away != was_away:
            self._say_so(outcome)
        for delivery in deliveries:
            then = what_follows(
                outcome, self._schedule, step=delivery.step, due_at=delivery.due_at, now=ended_at
            )
            self._ended.append(Finished(delivery, outcome, ended_at, *then))
            self._count(delivery, outcome, then, ended_at)

    def _count(
        self, delivery: Delivery, outcome: Outcome, then: Next, ended_at: Microseconds
    ) -> None:
        channel = self._endpoint.kind
        self._metrics.count("deliveries_total", channel=channel, result=outcome.result)
        if then.state is State.DELIVERED:
            self._metrics.level("heartbeat_timestamp_seconds", time.time(), stage="delivered")
            seconds = (ended_at - max(delivery.noted_at, delivery.slot)) / SECOND
            self._metrics.observe("alert_to_delivery_seconds", max(0.0, seconds))
        if then.state is State.FAILED:
            self._metrics.count("deliveries_failed_total", channel=channel)
            logger.error(
                "given up",
                extra={
                    "detail": f"endpoint {self._endpoint.name}: {outcome.result}",
                    "remedy": "rupture-watch deliveries --failed",
                },
            )

    def _say_so(self, outcome: Outcome) -> None:
        if self.away:
            seconds = round((self._breaker.until - now()) / SECOND, 1)
            detail = f"endpoint {self._endpoint.name}: {outcome.result}"
            logger.warning("receiver away", extra={"detail": detail, "seconds": seconds})
        else:
            logger.info("receiver back", extra={"detail": f"endpoint {self._endpoint.name}"})

    async def _rest(self, seconds: float) -> None:
        try:
            async with asyncio.timeout(seconds):
                await self._wake.wait()
        except TimeoutError:
            return
        if self._flying:
            await asyncio.sleep(SHORTEST_REST)
