"""What is published about a case as a whole, and about a risk item."""

from pydantic import with_config
from typing_extensions import TypedDict

from rupture_watch.contracts.findings import FactName, Finding, Standing
from rupture_watch.contracts.ratings import Respondent
from rupture_watch.contracts.wire import Name, Natural, Ordinal, Pseudonym, Timestamp, wire


@with_config(wire())
class Counts(TypedDict):
    """How much is known of a case; counts facts and sessions, never events."""

    facts: Natural
    sessions: Natural
    rated_sessions: Natural


@with_config(wire())
class CaseStanding(TypedDict):
    """The present standing of a case: all its alerts whatever their state, notes, counts.

    ``last_seen`` is when the latest fact happened.
    """

    case: Pseudonym
    alerts: list[Standing]
    notes: list[Finding]
    counts: Counts
    last_seen: Timestamp | None


@with_config(wire())
class SafetyItem(TypedDict):
    """A risk item was marked on a form: which, never how. Not an alert of the alliance."""

    form: FactName
    session_id: Pseudonym
    instrument: Name
    respondent: Respondent
    item: Ordinal
    time: Timestamp
