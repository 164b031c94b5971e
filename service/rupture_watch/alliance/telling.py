"""What the world has been told about a case's alerts, and what it has to be told next.

The register compares what the course says now with what was published, and makes alert events of
the difference. Events depend on the order of arrival (revisions count them); what they lead to does
not.
"""

from __future__ import annotations

import json
from hashlib import sha256
from typing import TYPE_CHECKING, NamedTuple

from rupture_watch.alliance.facts import DAY, Closure
from rupture_watch.alliance.findings import Status
from rupture_watch.alliance.standing import content_of

if TYPE_CHECKING:
    from rupture_watch.alliance.alerts import Alert
    from rupture_watch.alliance.course import Course
    from rupture_watch.alliance.facts import Fact, Microseconds
    from rupture_watch.alliance.standing import Content

LATE_AFTER = DAY
DIGEST_DIGITS = 16
OPEN = "open"
RETRACTED = "retracted"
CHANGE_BY_STATE = {"open": "amended", "repaired": "repaired", "closed": "closed"}


class Told(NamedTuple):
    """What was published of an alert: its newest revision, its state, a digest of its content."""

    revision: int
    state: str
    digest: str


class AlertEvent(NamedTuple):
    """One change of one alert; ``change`` is raised, amended, retracted, repaired or closed."""

    change: str
    alert_id: str
    revision: int
    case: str
    time: Microseconds
    data: Content


class Cause(NamedTuple):
    """Why the case is looked at again: a fact, the version it replaced, or (None) time."""

    fact: Fact | None
    replaced: Fact | None
    in_order: bool
    now: Microseconds

    def data_reason(self) -> str | None:
        """Return the reason that lies in the data, or None where judging simply went on."""
        if self.fact is None or self.in_order:
            return None
        if self.fact.void:
            return "voided_data"
        if self.replaced is not None:
            return "corrected_data"
        if isinstance(self.fact, Closure):
            return "new_evidence"
        if self.fact.recorded - self.fact.time > LATE_AFTER:
            return "late_data"
        return None


class Register:
    """The alerts of one case as published; ``told`` is kept with the case's state."""

    __slots__ = ("_contents", "_same", "told")

    def __init__(self, told: dict[str, Told], course: Course) -> None:
        """Go on from what was told when ``course`` stood as it does."""
        self.told = told
        self._contents = _present(course)
        self._same: dict[str, Content] = {}

    def tell(self, course: Course, cause: Cause) -> list[AlertEvent]:
        """Return the events that bring the world up to ``course``; they count as told."""
        before, present = self._contents, _present(course)
        self._contents = present
        gone = self._gone(course, before, present)
        heirs = _heirs(gone, before, present, self.told)
        events = [self._retract(course, one, before.get(one), cause) for one in gone]
        for alert in course.book.alerts:
            content = None if alert.historic else present[alert.alert_id]
            if content is None:
                continue
            told = self.told.get(alert.alert_id)
            if told is None or told.state == RETRACTED:
                events += self._raise(course, alert, content, cause, heirs)
            elif self._is_news(alert.alert_id, content, told):
                previous = before.get(alert.alert_id)
                events.append(self._amend(course, alert, content, cause, previous))
        return events

    def _is_news(self, alert_id: str, content: Content, told: Told) -> bool:
        """Tell whether content differs from what was told; its digest is made only if it moved."""
        if self._same.get(alert_id) == content:
            return False
        if told.digest != digest_of(content):
            return True
        self._same[alert_id] = content
        return False

    def forget(self, course: Course) -> None:
        """Let what ended long ago change or go in silence, now that its beginnings are forgotten.

        An alert that stays open, or opens again, is told as ever.
        """
        present = _present(course)
        for one, told in self.told.items():
            content = present.get(one)
            is_open = told.state == OPEN or (content is not None and content["state"] == OPEN)
            if is_open or told.state == RETRACTED:
                continue
            if content is None:
                self._contents.pop(one, None)
            else:
                self.told[one] = Told(told.revision, content["state"], digest_of(content))

    def _gone(
        self, course: Course, before: dict[str, Content], present: dict[str, Content]
    ) -> list[str]:
        """Return the told alerts that the data no longer support; forgotten ones are not meant."""
        return [
            one
            for one, told in self.told.items()
            if one not in present
            and told.state != RETRACTED
            and (one in before or not course.setting.truncated)
        ]

    def _raise(
        self,
        course: Course,
        alert: Alert,
        content: Content,
        cause: Cause,
        heirs: dict[str, str],
    ) -> list[AlertEvent]:
        """Raise an alert; one that is over already when it becomes known ends at once."""
        reason = cause.data_reason() or ("reopened" if alert.reason == "reopened" else "new")
        raised = {key: value for key, value in content.items() if key != "resolution"}
        raised["state"] = "open"
        if alert.alert_id in heirs:
            raised["supersedes"] = heirs[alert.alert_id]
        is_open = alert.state == "open"
        time = alert.changed if is_open else alert.first.trigger.time
        digest = digest_of(content if is_open else raised)
        events = [self._event(course, "raised", time, raised, reason, digest)]
        if not is_open:
            change = CHANGE_BY_STATE[alert.state]
            ended = self._event(
                course, change, alert.changed, content, alert.reason, digest_of(content)
            )
            events.append(ended)
        return events

    def _amend(
        self,
        course: Course,
        alert: Alert,
        content: Content,
        cause: Cause,
        previous: Content | None,
    ) -> AlertEvent:
        moved = self.told[alert.alert_id].state != alert.state
        data_reason = cause.data_reason()
        reason = alert.reason if moved or data_reason is None else data_reason
        reason = "new_evidence" if reason == "new" else reason
        change = CHANGE_BY_STATE[alert.state] if moved else "amended"
        return self._event(
            course,
            change,
            alert.changed,
            _with_withdrawn(content, previous),
            reason,
            digest_of(content),
        )

    def _retract(
        self, course: Course, alert_id: str, content: Content | None, cause: Cause
    ) -> AlertEvent:
        known = content or {"alert_id": alert_id, "findings": []}
        data = {key: value for key, value in known.items() if key != "resolution"}
        data["state"] = RETRACTED
        data["findings"] = [_withdrawn(one) for one in known["findings"]]
        time = cause.fact.time if cause.fact else cause.now
        reason = cause.data_reason() or "new_evidence"
        return self._event(course, RETRACTED, time, data, reason, digest_of(data))

    def _event(
        self,
        course: Course,
        change: str,
        time: Microseconds,
        content: Content,
        reason: str,
        digest: str,
    ) -> AlertEvent:
        alert_id = content["alert_id"]
        told = self.told.get(alert_id)
        revision = told.revision + 1 if told else 1
        self.told[alert_id] = Told(revision, content["state"], digest)
        self._same.pop(alert_id, None)
        data = {**content, "revision": revision, "reason": reason}
        return AlertEvent(change, alert_id, revision, course.case, time, data)


def digest_of(content: Content) -> str:
    """Return hex digits that change with anything an alert says."""
    canonical = json.dumps(content, sort_keys=True, separators=(",", ":"))
    return sha256(canonical.encode()).hexdigest()[:DIGEST_DIGITS]


def _present(course: Course) -> dict[str, Content]:
    return {
        content["alert_id"]: content
        for alert in course.book.alerts
        if not alert.historic
        for content in (content_of(alert, course),)
    }


def _identity(finding: Content) -> tuple[str, str]:
    return finding["rule"], finding["trigger"]["fact"]


def _identities(content: Content | None) -> set[tuple[str, str]]:
    return {_identity(one) for one in content["findings"]} if content else set()


def _withdrawn(finding: Content) -> Content:
    return {**finding, "status": Status.WITHDRAWN.value}


def _with_withdrawn(content: Content, previous: Content | None) -> Content:
    """Return ``content`` with the findings that the data no longer support, marked so."""
    kept = _identities(content)
    lost = [one for one in (previous or {}).get("findings", ()) if _identity(one) not in kept]
    if not lost:
        return content
    return {**content, "findings": [*content["findings"], *map(_withdrawn, lost)]}


def _heirs(
    gone: list[str],
    before: dict[str, Content],
    present: dict[str, Content],
    told: dict[str, Told],
) -> dict[str, str]:
    """Return which new alert takes the place of which that is gone: they share a finding."""
    heirs: dict[str, str] = {}
    for old in gone:
        lost = _identities(before.get(old))
        for new, content in present.items():
            is_news = new not in told or told[new].state == RETRACTED
            if is_news and new not in heirs and lost & _identities(content):
                heirs[new] = old
                break
    return heirs
