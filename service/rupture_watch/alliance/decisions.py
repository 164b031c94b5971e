"""What clinicians decide about an alert: acknowledge, dismiss, confirm a repair, reopen."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rupture_watch.alliance.alerts import recovering
from rupture_watch.alliance.findings import WATCH, Clears, Status

if TYPE_CHECKING:
    from rupture_watch.alliance.alerts import Alert
    from rupture_watch.alliance.course import Course
    from rupture_watch.alliance.facts import Review
    from rupture_watch.alliance.repair import Repair


def decide(repair: Repair, course: Course, review: Review) -> None:
    """Carry out one decision; one about an unknown, historic or ended alert changes nothing."""
    alert = _meant(course, review.alert_id)
    if alert is None or alert.historic:
        return
    if review.action == "reopened":
        _reopen(course, alert)
    elif alert.ended is None:
        course.changes += 1
        alert.acknowledged = True
        _carry_out(repair, course, alert, review)


def _reopen(course: Course, alert: Alert) -> None:
    if alert is not course.book.alerts[-1] or alert.ended is None:
        return
    alert.state, alert.ended, alert.resolution = "open", None, None
    for finding in alert.findings:
        if finding.status is Status.RECOVERED and finding.severity >= WATCH:
            finding.status = Status.HOLDS
    alert.touch("reopened", course.now)
    course.changes += 1


def _carry_out(repair: Repair, course: Course, alert: Alert, review: Review) -> None:
    if review.action in ("dismissed", "unrepaired"):
        course.book.end(alert, "closed", review.action, course.now, course.now)
        course.series.end_episode()
    elif review.action == "repair_confirmed":
        alert.confirmed = True
        for finding in alert.holding():
            repair.recover(course, finding, review.name)
        repair.settle(course, "confirmed", review.name, None)
    elif review.action == "acknowledged":
        for finding in list(recovering(alert, Clears.EVENT)):
            repair.recover(course, finding, review.name)
        repair.settle(course, "acknowledged", review.name, None)


def _meant(course: Course, alert_id: str) -> Alert | None:
    """Find the alert that is meant, by any fact judged so far its id may have been made of."""
    fact = course.fact_of_alert(alert_id)
    if fact is None:
        return None
    for alert in reversed(course.book.alerts):
        if any(finding.trigger.fact == fact for finding in alert.findings):
            return alert
    return course.book.open
