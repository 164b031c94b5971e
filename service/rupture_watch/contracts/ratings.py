"""``session.rated``: a filled form of any instrument."""

from typing import Any, Final, Literal, Required, TypeAlias

from pydantic import with_config
from typing_extensions import TypedDict

from rupture_watch.alliance.facts import Form
from rupture_watch.alliance.instruments import Registry
from rupture_watch.contracts.envelope import Envelope
from rupture_watch.contracts.reasons import Reason, Rejected, Stage
from rupture_watch.contracts.wire import (
    ENTERED_IN_ERROR,
    FactStatus,
    Name,
    Natural,
    Number,
    Ordinal,
    Pseudonym,
    wire,
)

Respondent: TypeAlias = Literal["client", "therapist", "observer"]
FormMode: TypeAlias = Literal["paper", "app", "in_room", "video", "import"]

_HAS_A_VALUE: Final[list[dict[str, Any]]] = [
    {"required": ["scores"], "properties": {"scores": {"type": "object", "minProperties": 1}}},
    {"required": ["items"], "properties": {"items": {"type": "object", "minProperties": 1}}},
    {"required": ["total"], "properties": {"total": {"type": "number"}}},
]


@with_config(wire(anyOf=_HAS_A_VALUE))
class SessionRated(TypedDict, total=False):
    """A filled form: at least one score, item or total, in the instrument's own units.

    ``scores`` are subscales by code, ``items`` the instrument's items ``1``..``n`` and single
    items by name. Which codes and ranges an instrument has is the registry's to say.
    """

    session_id: Required[Pseudonym]
    session_seq: Ordinal | None
    instrument: Required[Name]
    instrument_version: Name | None
    group_id: Pseudonym | None
    respondent: Required[Respondent]
    scores: dict[str, Number] | None
    items: dict[str, Number] | None
    total: Number | None
    status: FactStatus | None
    mode: FormMode | None
    duration_ms: Natural | None
    missing_items: Natural | None


def form_of(data: SessionRated, envelope: Envelope, registry: Registry) -> Form:
    """Hold a form against its instrument and return it as a fact of its case.

    Raises:
        Rejected: ``unknown_instrument``, ``invalid`` (no value, or a code that the instrument
            does not have), ``out_of_range``.

    """
    scores, items, total = data.get("scores"), data.get("items"), data.get("total")
    if not scores and not items and total is None:
        raise Rejected(Reason.INVALID, Stage.DATA, "ValidationError", "data: no_value")
    session_id, name, respondent = data["session_id"], data["instrument"], data["respondent"]
    codes = registry.codes(name)
    if codes is None:
        raise _refused(Reason.UNKNOWN_INSTRUMENT, "instrument: unknown")
    score_pairs = _pairs(scores, codes.scores, "scores") if scores else ()
    item_pairs = _pairs(items, codes.items, "items") if items else ()
    if total is not None and not codes.total[0] <= total <= codes.total[1]:
        raise _refused(Reason.OUT_OF_RANGE, "total: out_of_range")
    return Form(
        f"{session_id}/{name}/{respondent}",
        envelope.time,
        envelope.recorded,
        envelope.id,
        envelope.source,
        envelope.backfill,
        data.get("status") == ENTERED_IN_ERROR,
        session_id,
        data.get("session_seq"),
        name,
        data.get("instrument_version"),
        respondent,
        score_pairs,
        item_pairs,
        total,
        data.get("mode"),
        data.get("duration_ms"),
        data.get("missing_items"),
        data.get("group_id"),
    )


def _pairs(
    values: dict[str, float], codes: tuple[tuple[str, float, float], ...], field: str
) -> tuple[tuple[str, float], ...]:
    """Return (code, value) pairs in the instrument's order, each known and in range."""
    pairs = []
    outside = None
    for code, low, high in codes:
        value = values.get(code)
        if value is not None:
            pairs.append((code, value))
            if not low <= value <= high:
                outside = code
    if len(pairs) != len(values):
        raise _refused(Reason.INVALID, f"{field}.*: unknown_code")
    if outside is not None:
        raise _refused(Reason.OUT_OF_RANGE, f"{field}.{outside}: out_of_range")
    return tuple(pairs)


def _refused(reason: Reason, message: str) -> Rejected:
    return Rejected(reason, Stage.REGISTRY, "RegistryError", f"data.{message}")
