"""What is published about a case as a whole, and about a risk item."""

from pydantic import with_config
from typing_extensions import TypedDict

from rupture_watch.contracts.findings import (
    FactName,
    Finding,
    RuptureType,
    Sentence,
    Standing,
)
from rupture_watch.contracts.ratings import Respondent
from rupture_watch.contracts.wire import (
    AlertId,
    Name,
    Natural,
    Ordinal,
    Pseudonym,
    Severity,
    Timestamp,
    wire,
)


@with_config(wire())
class Counts(TypedDict):
    """How much is known of a case; counts facts and sessions, never events."""

    facts: Natural
    sessions: Natural
    rated_sessions: Natural


@with_config(wire())
class OpenAlert(TypedDict):
    """What is open in a case; the alert itself is on the topic of alerts."""

    alert_id: AlertId
    severity: Severity
    rupture_type: RuptureType
    headline: Sentence
    since: Timestamp


@with_config(wire())
class CaseStanding(TypedDict):
    """The present standing of a case: what is open, how much is known, when it was last seen.

    ``last_seen`` is when the latest fact happened.
    """

    case: Pseudonym
    open_alerts: list[OpenAlert]
    counts: Counts
    last_seen: Timestamp | None


@with_config(wire())
class CaseLine(TypedDict):
    """A case at the end of a replay: all its alerts whatever their state, notes, counts."""

    case: Pseudonym
    alerts: list[Standing]
    notes: list[Finding]
    counts: Counts


@with_config(wire())
class SafetyItem(TypedDict):
    """A risk item was marked on a form: which, never how. Not an alert of the alliance."""

    form: FactName
    session_id: Pseudonym
    instrument: Name
    respondent: Respondent
    item: Ordinal
    time: Timestamp
