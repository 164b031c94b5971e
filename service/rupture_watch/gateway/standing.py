"""What is open in every case, and which cases there are, read off the topics into memory."""

from __future__ import annotations

import asyncio
import logging
from typing import TYPE_CHECKING, Final, NamedTuple

import msgspec

from rupture_watch.contracts.topics import INPUT_TYPES, Channel, topic_name
from rupture_watch.gateway.writer import Unavailable
from rupture_watch.kafka.consumer import EventConsumer
from rupture_watch.kafka.session import Unreachable

if TYPE_CHECKING:
    from rupture_watch.kafka.consumer import Seen
    from rupture_watch.settings import Settings

logger = logging.getLogger(__name__)

PAUSE: Final = 2.0
"""Seconds before Kafka is tried again."""


class _OpenAlert(msgspec.Struct, frozen=True):
    alert_id: str
    severity: int
    headline: str


class _Standing(msgspec.Struct, frozen=True):
    open_alerts: list[_OpenAlert]


class _Alert(msgspec.Struct, frozen=True):
    alert_id: str
    revision: int
    state: str
    considerations: list[str]
    clears_when: str


class OpenAlert(NamedTuple):
    """One open alert, as far as a card tells of it."""

    alert_id: str
    severity: int
    headline: str
    considerations: tuple[str, ...]
    clears_when: str


_standing: Final = msgspec.json.Decoder(_Standing).decode
_alert: Final = msgspec.json.Decoder(_Alert).decode


class Standings:
    """The present standing of all cases; follows the topics of cases and of alerts.

    With more than one pseudonymisation key it also learns which cases exist, from the keys of the
    cases and of all inputs.
    """

    def __init__(self, settings: Settings, *, learns_cases: bool) -> None:
        self._settings = settings
        self._cases_topic = topic_name(settings.topic_prefix, Channel.CASES)
        self._alerts_topic = topic_name(settings.topic_prefix, Channel.ALERTS)
        self._learns_cases = learns_cases
        self._open: dict[str, list[_OpenAlert]] = {}
        self._details: dict[str, _Alert] = {}
        self._case_of: dict[str, str] = {}
        self._alerts_of: dict[str, set[str]] = {}
        self._known: set[str] = set()
        self.complete = False

    def open_alerts(self, case: str) -> list[OpenAlert]:
        """Return what is open in a case, the gravest first."""
        found = []
        for one in self._open.get(case, ()):
            more = self._details.get(one.alert_id)
            found.append(
                OpenAlert(
                    one.alert_id,
                    one.severity,
                    one.headline,
                    tuple(more.considerations) if more else (),
                    more.clears_when if more else "",
                )
            )
        return sorted(found, key=lambda one: (-one.severity, one.alert_id))

    def case_of(self, alert_id: str) -> str | None:
        """Return the case of an alert, whatever its state."""
        return self._case_of.get(alert_id)

    def is_known(self, case: str) -> bool:
        """Tell whether there is such a case.

        Raises:
            Unavailable: not all are known yet; a guess could tear a case in two.
        """
        if not self.complete:
            raise Unavailable
        return case in self._known

    def remember(self, case: str) -> None:
        """Learn of a case that is being written to."""
        if self._learns_cases:
            self._known.add(case)

    async def follow(self) -> None:
        """Read from the beginning, and then what comes, for ever."""
        topics = [self._cases_topic, self._alerts_topic]
        if self._learns_cases:
            topics += [topic_name(self._settings.topic_prefix, one) for one in INPUT_TYPES]
        while True:
            try:
                await self._follow(topics)
            except Unreachable:
                await asyncio.sleep(PAUSE)
            except Exception:
                logger.exception("the standing is not followed for now")
                await asyncio.sleep(PAUSE)

    async def _follow(self, topics: list[str]) -> None:
        async with EventConsumer(self._settings.kafka, topics, from_beginning=True) as consumer:
            async for record in consumer.up_to_now():
                self.take(record)
            self.complete = True
            async for record in consumer.follow():
                self.take(record)

    def take(self, record: Seen) -> None:
        """Take in one record; what cannot be read says nothing."""
        try:
            case = (record.key or b"").decode()
            if record.topic == self._cases_topic:
                self._take_standing(case, record.value)
            elif record.topic == self._alerts_topic:
                self._take_alert(case, record.value)
            else:
                self._known.add(case)
        except (msgspec.MsgspecError, UnicodeDecodeError):
            logger.warning("a record of the service itself cannot be read")

    def _take_standing(self, case: str, value: bytes | None) -> None:
        if value is None:  # erased, or forgotten
            self._open.pop(case, None)
            self._known.discard(case)
            for alert_id in self._alerts_of.pop(case, ()):
                del self._case_of[alert_id]
                self._details.pop(alert_id, None)
            return
        if self._learns_cases:
            self._known.add(case)
        alerts = _standing(value).open_alerts
        if alerts:
            self._open[case] = alerts
        else:
            self._open.pop(case, None)

    def _take_alert(self, case: str, value: bytes | None) -> None:
        alert = _alert(value or b"")
        self._case_of[alert.alert_id] = case
        self._alerts_of.setdefault(case, set()).add(alert.alert_id)
        known = self._details.get(alert.alert_id)
        if known is not None and known.revision > alert.revision:
            return
        if alert.state == "open":
            self._details[alert.alert_id] = alert
        else:
            self._details.pop(alert.alert_id, None)
