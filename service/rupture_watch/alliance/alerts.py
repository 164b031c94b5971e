"""The life of an alert: it opens at a finding, gathers more, and ends by repair or closing.

One alert per case is open at a time; it carries every finding that speaks for it. Section 6 of
the rule catalogue is the source of each transition.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from hashlib import sha256
from typing import TYPE_CHECKING, NamedTuple

from rupture_watch.alliance.facts import DAY
from rupture_watch.alliance.findings import (
    NOTE,
    SAME_DAY,
    WATCH,
    Clears,
    Finding,
    RuptureType,
    Status,
    Trigger,
)

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from rupture_watch.alliance.facts import Microseconds

TROUBLESHOOT = "K2"


class Resolution(NamedTuple):
    """The fact at which an alert was repaired."""

    fact: str
    session_id: str | None
    time: Microseconds


@dataclass(slots=True, eq=False)
class Alert:
    """One alert and its findings; times are those of causes, never of processing."""

    case: str
    findings: list[Finding] = field(default_factory=list)
    state: str = "open"
    reason: str = "new"
    changed: Microseconds = 0
    ended: Microseconds | None = None
    rated_since_end: int = 0
    acknowledged: bool = False
    historic: bool = False
    outcome: str = ""
    resolution: Resolution | None = None
    confirmed: bool = False
    reopenings: int = 0
    """How often a new breach opened it again: each is one more time that a person is told."""

    @property
    def first(self) -> Finding:
        """Return the earliest finding of severity >= 2: it names the alert."""
        return min(
            (f for f in self.findings if f.severity >= WATCH and f.rule != TROUBLESHOOT),
            key=lambda finding: finding.order,
        )

    @property
    def alert_id(self) -> str:
        """Return the alert's id, the same for the same facts."""
        return alert_id(self.case, self.first.trigger.fact)

    def holding(self) -> list[Finding]:
        """Return the findings of severity >= 2 that still hold, without troubleshooting ones."""
        return [
            finding
            for finding in self.findings
            if finding.severity >= WATCH
            and finding.status is Status.HOLDS
            and finding.rule != TROUBLESHOOT
        ]

    def open_again(self, breach: Finding) -> None:
        """Open once more for a new breach, which is news: what was answered stays answered."""
        for finding in self.holding():
            finding.status = Status.RECOVERED
        self.state, self.ended, self.resolution = "open", None, None
        self.acknowledged = self.confirmed = False
        self.reopenings += 1
        self.findings.append(breach)
        self.touch("reopened", breach.trigger.time)

    def touch(self, reason: str, time: Microseconds) -> None:
        """Remember why and when the alert last changed; what reopens it is more than evidence."""
        if reason != "new_evidence" or self.reason != "reopened" or time > self.changed:
            self.reason = reason
        self.changed = max(self.changed, time)

    def severity(self, window: Microseconds) -> int:
        """Return the severity of the whole, +1 by independent sources and by troubleshooting."""
        holding = self.holding() or [
            f for f in self.findings if f.severity >= WATCH and f.rule != TROUBLESHOOT
        ]
        severity = max(finding.severity for finding in holding)
        if _independent(holding, window):
            severity += 1
        severity += sum(
            finding.rule == TROUBLESHOOT
            and (self.ended is not None or finding.status is Status.HOLDS)
            for finding in self.findings
        )
        severity += any(f.raises_by_frame for f in holding)
        return min(SAME_DAY, severity)

    def rupture_type(self, window: Microseconds) -> RuptureType:
        """Return the type of the whole: ``mixed`` where the findings differ."""
        judged = self.holding() or [f for f in self.findings if f.severity >= WATCH]
        if any(f.raises_by_frame for f in judged):
            return RuptureType.FRAME
        types = {f.type for f in judged if f.rule != TROUBLESHOOT}
        if len(types) > 1:
            types.discard(RuptureType.UNCLEAR)
        if len(types) == 1 and not _independent(judged, window):
            return next(iter(types))
        return RuptureType.MIXED


def _independent(findings: Iterable[Finding], window: Microseconds) -> bool:
    """Tell whether two findings of different source and type stand within ``window``."""
    found = [(f.source, f.type, f.trigger.at) for f in findings]
    return any(
        one[0] != other[0] and one[1] != other[1] and abs(one[2] - other[2]) <= window
        for index, one in enumerate(found)
        for other in found[index + 1 :]
    )


def alert_id(case: str, fact: str) -> str:
    """Return the first 32 hex digits of sha256 over ``case|fact``."""
    return sha256(f"{case}|{fact}".encode()).hexdigest()[:32]


class Terms(NamedTuple):
    """The life of an alert in numbers, from the rule set (section ``alert``)."""

    note_window: Microseconds
    independent_window: Microseconds
    cool_down_ratings: int
    cool_down: Microseconds
    confirmed_ratings: int
    unrepaired_ratings: int
    close_ratings: int
    unrepaired_after: Microseconds
    unacknowledged_after: Microseconds
    event_expiry: Microseconds
    historic_after: Microseconds


class AlertBook:
    """All alerts of one case, at most one of them open, and the notes outside of them."""

    __slots__ = ("_case", "_terms", "alerts", "notes")

    def __init__(self, case: str, terms: Terms) -> None:
        self._case = case
        self._terms = terms
        self.alerts: list[Alert] = []
        self.notes: list[Finding] = []

    def fork(self) -> AlertBook:
        """Return an equal book that goes on by itself; only the last alert can still change."""
        other = AlertBook(self._case, self._terms)
        other.alerts, other.notes = self.alerts[:], self.notes[:]
        if other.alerts:
            last = other.alerts[-1]
            findings = [replace(finding) for finding in last.findings]
            other.alerts[-1] = replace(last, findings=findings)
        return other

    @property
    def open(self) -> Alert | None:
        """Return the alert that is open, if any."""
        last = self.alerts[-1] if self.alerts else None
        return last if last is not None and last.ended is None else None

    def report(self, finding: Finding) -> Alert | None:
        """Take in a finding; return the alert that it opened or changed, or None."""
        alert = self.open
        time = finding.trigger.at
        if finding.severity <= NOTE:
            return self._note(finding, alert)
        if alert is not None and alert.historic and not self._is_historic(finding.trigger):
            self.end(alert, "closed", "historic", time, finding.trigger.time)
            alert = None
        if alert is not None:
            if _is_known(alert, finding):
                return None
            alert.findings.append(finding)
            alert.touch("new_evidence", finding.trigger.time)
            return alert
        last = self.alerts[-1] if self.alerts else None
        if last is not None and self._is_cooling(last, time):
            last.open_again(finding)
            return last
        return self._open(finding)

    def _open(self, finding: Finding) -> Alert:
        time = finding.trigger.at
        alert = Alert(self._case, [finding], changed=finding.trigger.time)
        alert.historic = self._is_historic(finding.trigger)
        recent = [n for n in self.notes if time - n.trigger.at <= self._terms.note_window]
        self.notes = [n for n in self.notes if time - n.trigger.at > self._terms.note_window]
        alert.findings[:0] = recent
        self.alerts.append(alert)
        return alert

    def _note(self, finding: Finding, alert: Alert | None) -> Alert | None:
        if alert is None:
            self.notes.append(finding)
            return None
        latest = max(f.trigger.at for f in alert.findings if f.severity >= WATCH)
        if finding.trigger.at - latest > self._terms.note_window:
            self.notes.append(finding)
            return None
        if any(f.rule == finding.rule and f.status is Status.HOLDS for f in alert.findings):
            return None
        alert.findings.append(finding)
        alert.touch("new_evidence", finding.trigger.time)
        return alert

    def _is_historic(self, trigger: Trigger) -> bool:
        return trigger.backfill and trigger.recorded - trigger.time > self._terms.historic_after

    def _is_cooling(self, alert: Alert, time: Microseconds) -> bool:
        if alert.historic or alert.ended is None:
            return False
        limit = self._terms.confirmed_ratings if alert.confirmed else self._terms.cool_down_ratings
        return alert.rated_since_end <= limit and time - alert.ended <= self._terms.cool_down

    def rated(self) -> None:
        """Count a rated session for the cool-down of the alert that ended last."""
        last = self.alerts[-1] if self.alerts else None
        if last is not None and last.ended is not None:
            last.rated_since_end += 1

    def settle(self, reason: str, resolution: Resolution, at: Microseconds) -> Alert | None:
        """End the open alert when nothing holds any more; return it if it ended."""
        alert = self.open
        if alert is None or alert.holding():
            return None
        if reason == "unrepaired" or alert.outcome == "unrepaired":
            self.end(alert, "closed", "unrepaired", at, resolution.time)
        else:
            alert.resolution = resolution
            self.end(alert, "repaired", reason, at, resolution.time)
        return alert

    def end(
        self, alert: Alert, state: str, reason: str, at: Microseconds, time: Microseconds
    ) -> None:
        """Close the alert in ``state``; a historic one is closed whatever ended it.

        ``at`` is the place in the order of judging, ``time`` what is told.
        """
        if alert.historic:
            state, reason, alert.resolution = "closed", "historic", None
        alert.state, alert.ended, alert.rated_since_end = state, at, 0
        alert.touch(reason, time)
        for finding in alert.findings:
            if finding.rule == TROUBLESHOOT:
                finding.status = Status.RECOVERED

    def troubleshoot(self, alert: Alert, finding: Finding, reason: str) -> None:
        """Add a K2 finding to ``alert``."""
        alert.findings.append(finding)
        alert.touch(reason, finding.trigger.time)


def _is_known(alert: Alert, finding: Finding) -> bool:
    """Tell whether the alert says so already: same rule, still holding, not less severe."""
    return any(
        known.rule == finding.rule
        and (
            known.trigger.fact == finding.trigger.fact
            or (known.status is Status.HOLDS and known.severity >= finding.severity)
        )
        for known in alert.findings
    )


def recovering(alert: Alert, clears: Clears) -> Iterator[Finding]:
    """Yield the findings that hold and wait for this kind of clearing."""
    for finding in alert.findings:
        if finding.clears is clears and finding.status is Status.HOLDS:
            yield finding


def days(count: float) -> Microseconds:
    """Return ``count`` days in microseconds."""
    return int(count * DAY)
