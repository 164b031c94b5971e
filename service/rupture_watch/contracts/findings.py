"""What a finding and an alert say on the wire."""

from typing import Annotated, Any, Final, Literal, NotRequired, TypeAlias

from pydantic import Field, StringConstraints, with_config
from typing_extensions import TypedDict

from rupture_watch.contracts.wire import (
    AlertId,
    Name,
    Number,
    Ordinal,
    Pseudonym,
    Severity,
    Timestamp,
    Visible,
    wire,
)

Sentence: TypeAlias = Annotated[str, StringConstraints(min_length=1, max_length=400)]
ConceptId: TypeAlias = Annotated[str, StringConstraints(pattern=r"^[A-K][0-9]{1,2}$")]
FactName: TypeAlias = Annotated[str, StringConstraints(pattern=r"^[!-~]{1,210}$")]
"""An appointment, event or session id, or ``session_id/instrument/respondent``."""

Section: TypeAlias = Literal[
    "Introduction",
    "Demand factor",
    "Dialogue",
    "Close listening",
    "Studio and canvas",
    "Zones of engagement",
    "Sabotage",
    "Alignment",
    "Trust",
    "Corrective experience",
    "Conclusion",
]
FindingType: TypeAlias = Literal["withdrawal", "confrontation", "frame", "unclear"]
RuptureType: TypeAlias = Literal["withdrawal", "confrontation", "frame", "unclear", "mixed"]
FindingSource: TypeAlias = Literal["ratings", "therapist_form", "attendance", "frame", "notes"]
FindingStatus: TypeAlias = Literal["holds", "recovered", "withdrawn"]
TriggerKind: TypeAlias = Literal["form", "appointment", "frame", "note", "closure", "review"]
AlertState: TypeAlias = Literal["open", "repaired", "retracted", "closed"]
AlertReason: TypeAlias = Literal[
    "new",
    "new_evidence",
    "late_data",
    "corrected_data",
    "voided_data",
    "recovered",
    "confirmed",
    "step_done",
    "unacknowledged",
    "acknowledged",
    "unrepaired",
    "dismissed",
    "expired",
    "case_closed",
    "historic",
    "reopened",
]


@with_config(wire())
class Concept(TypedDict):
    """A concept of the article, by its catalogue id and the section that names it."""

    id: ConceptId
    section: Section


@with_config(wire())
class Trigger(TypedDict):
    """The fact that caused a finding."""

    kind: TriggerKind
    fact: FactName
    session_id: NotRequired[Pseudonym]
    time: Timestamp


@with_config(wire())
class Evidence(TypedDict):
    """One measured value in the measure's own unit, against the client's own baseline.

    ``share`` is the part of the combined strain that this fact brings.
    """

    fact: FactName
    time: Timestamp
    measure: Name
    value: Number
    baseline: NotRequired[Number]
    spread: NotRequired[Number]
    z: NotRequired[Number]
    share: NotRequired[Number]


@with_config(wire())
class Finding(TypedDict):
    """One rule's judgement at one fact."""

    rule: Name
    rule_version: Name
    concept: Concept
    type: FindingType
    source: FindingSource
    severity: Severity
    status: FindingStatus
    trigger: Trigger
    evidence: list[Evidence]
    statement: Sentence


@with_config(wire())
class Missing(TypedDict):
    """Something that was not there when the alert was decided."""

    what: Name
    fact: FactName
    time: Timestamp


@with_config(wire())
class Late(TypedDict):
    """A cause that was recorded long after it happened, with both clocks."""

    fact: FactName
    time: Timestamp
    recordedtime: Timestamp


@with_config(wire())
class Resolution(TypedDict):
    """The fact at which an alert was repaired."""

    fact: FactName
    session_id: Pseudonym | None
    time: Timestamp


@with_config(wire())
class Standing(TypedDict):
    """What the final facts say of one alert, however they arrived."""

    alert_id: AlertId
    state: AlertState
    severity: Severity
    rupture_type: RuptureType
    lead: ConceptId
    findings: list[Finding]
    ruleset: Name
    missing: list[Missing]
    late: list[Late]
    headline: Sentence
    considerations: Annotated[list[Sentence], Field(min_length=1, max_length=3)]
    clears_when: Sentence
    causation: list[Visible]
    resolution: NotRequired[Resolution]


_CONTENT: Final = sorted(Standing.__required_keys__ - {"alert_id", "state", "findings"})
_RETRACTION_MAY_BE_BARE: Final[dict[str, Any]] = {
    "if": {"properties": {"state": {"const": "retracted"}}},
    "else": {"required": _CONTENT},
}


@with_config(wire(**_RETRACTION_MAY_BE_BARE))
class Alert(TypedDict):
    """One revision of one alert; a sink upserts by (``alert_id``, ``revision``).

    A retraction may lack the content that the data no longer support.
    """

    alert_id: AlertId
    revision: Ordinal
    state: AlertState
    reason: AlertReason
    severity: NotRequired[Severity]
    rupture_type: NotRequired[RuptureType]
    lead: NotRequired[ConceptId]
    findings: list[Finding]
    ruleset: NotRequired[Name]
    missing: NotRequired[list[Missing]]
    late: NotRequired[list[Late]]
    headline: NotRequired[Sentence]
    considerations: NotRequired[Annotated[list[Sentence], Field(min_length=1, max_length=3)]]
    clears_when: NotRequired[Sentence]
    causation: NotRequired[list[Visible]]
    resolution: NotRequired[Resolution]
    supersedes: NotRequired[AlertId]
