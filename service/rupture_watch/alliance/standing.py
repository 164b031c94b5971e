"""How an alert is told: plain content, the same for the same facts, ready to be written as JSON."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from rupture_watch.alliance.alerts import TROUBLESHOOT
from rupture_watch.alliance.facts import DAY, SECOND
from rupture_watch.alliance.findings import NOTE, WATCH, Status

if TYPE_CHECKING:
    from rupture_watch.alliance.alerts import Alert
    from rupture_watch.alliance.course import Course
    from rupture_watch.alliance.facts import Microseconds
    from rupture_watch.alliance.findings import Evidence, Finding

Content = dict[str, Any]

MOST_CONSIDERATIONS = 3
LATE_AFTER = DAY
SESSIONS_AROUND = 3


def instant(time: Microseconds) -> str:
    """Return a time as RFC 3339 in UTC, fractions only where there are any."""
    moment = datetime.fromtimestamp(time // SECOND, UTC).replace(tzinfo=None).isoformat()
    fraction = time % SECOND
    return f"{moment}.{fraction:06d}Z" if fraction else f"{moment}Z"


def content_of(alert: Alert, course: Course) -> Content:
    """Return what an alert says, without revision, reason and ``supersedes``."""
    window = course.rules.ruleset.terms.independent_window
    lead = leading(alert, course)
    findings = sorted(alert.findings, key=lambda one: one.order)
    content: Content = {
        "alert_id": alert.alert_id,
        "state": "closed" if alert.historic else alert.state,
        "severity": alert.severity(window),
        "rupture_type": alert.rupture_type(window).value,
        "lead": lead.rule,
        "findings": [finding_content(one, course) for one in findings],
        "ruleset": course.rules.ruleset.hash,
        "missing": _missing(findings, course),
        "late": _late(findings),
        "headline": lead.statement,
        "considerations": _considerations(lead, findings, course),
        "clears_when": course.rules.by_id[lead.rule].clears_when,
        "causation": sorted({one.trigger.event_id for one in findings}),
    }
    if alert.resolution is not None:
        content["resolution"] = {
            "fact": alert.resolution.fact,
            "session_id": alert.resolution.session_id,
            "time": instant(alert.resolution.time),
        }
    return content


def in_short(alert: Alert, course: Course) -> Content:
    """Return the least one has to know of an open alert."""
    window = course.rules.ruleset.terms.independent_window
    return {
        "alert_id": alert.alert_id,
        "severity": alert.severity(window),
        "rupture_type": alert.rupture_type(window).value,
        "headline": leading(alert, course).statement,
        "since": instant(alert.first.trigger.time),
    }


def leading(alert: Alert, course: Course) -> Finding:
    """Return the finding that speaks first: the most severe that holds, then catalogue order."""
    judged = [one for one in alert.findings if one.severity >= WATCH and one.rule != TROUBLESHOOT]
    holding = [one for one in judged if one.status is Status.HOLDS]
    return min(
        holding or judged,
        key=lambda one: (-one.severity, course.rules.rank(one.rule), one.order),
    )


def finding_content(finding: Finding, course: Course) -> Content:
    """Return what a finding says."""
    rule = course.rules.by_id[finding.rule]
    trigger = finding.trigger
    cause: Content = {"kind": trigger.kind, "fact": trigger.fact, "time": instant(trigger.time)}
    if trigger.session_id is not None:
        cause["session_id"] = trigger.session_id
    return {
        "rule": rule.slug,
        "rule_version": rule.version,
        "concept": {"id": rule.id, "section": rule.section},
        "type": finding.type.value,
        "source": finding.source.value,
        "severity": finding.severity,
        "status": finding.status.value,
        "trigger": cause,
        "evidence": [_evidence_content(one) for one in finding.evidence],
        "statement": finding.statement,
    }


def notes_of(course: Course) -> list[Content]:
    """Return the findings of severity 1 outside alerts, in order."""
    notes = sorted(course.book.notes, key=lambda one: one.order)
    return [finding_content(one, course) for one in notes if one.severity == NOTE]


def _evidence_content(evidence: Evidence) -> Content:
    content: Content = {
        "fact": evidence.fact,
        "time": instant(evidence.time),
        "measure": evidence.measure,
        "value": evidence.value,
    }
    for name in ("baseline", "spread", "z", "share"):
        value = getattr(evidence, name)
        if value is not None:
            content[name] = value
    return content


def _considerations(lead: Finding, findings: list[Finding], course: Course) -> list[str]:
    chosen = list(course.rules.by_id[lead.rule].considerations)
    for finding in findings:
        if finding.severity < WATCH or finding.status is not Status.HOLDS:
            continue
        for text in course.rules.by_id[finding.rule].considerations:
            if text not in chosen:
                chosen.append(text)
    return chosen[:MOST_CONSIDERATIONS]


def _missing(findings: list[Finding], course: Course) -> list[Content]:
    """Return the sessions around the findings whose client form had not come by then."""
    patience = int(course.engine["form_missing_days"] * DAY)
    first, last = findings[0].trigger.at, findings[-1].trigger.at
    if not any(session.client and session.place < last for session in course.sessions):
        return []
    due = [one for one in course.sessions if one.appointment and one.place + patience <= last]
    before = due[-SESSIONS_AROUND:]
    return [
        {"what": "client_form", "fact": one.name, "time": instant(one.place)}
        for one in due
        if not one.client and (one.place >= first or one in before)
    ]


def _late(findings: list[Finding]) -> list[Content]:
    """Return the causes that were recorded more than a day after they happened."""
    causes = {
        one.trigger.fact: one.trigger
        for one in findings
        if one.rule != TROUBLESHOOT and one.trigger.recorded - one.trigger.time > LATE_AFTER
    }
    return [
        {
            "fact": fact,
            "time": instant(trigger.time),
            "recordedtime": instant(trigger.recorded),
        }
        for fact, trigger in sorted(causes.items())
    ]
