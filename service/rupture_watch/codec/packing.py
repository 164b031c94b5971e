"""A fact <-> a short list of plain values: what fills a broker is the state, so it is kept small.

Fields that follow from others are left out (a form's name), closed sets become numbers, whole
seconds and tenths become integers, trailing empty fields are cut. The tables below are part of
the state's format: they may only ever grow at their end.
"""

from __future__ import annotations

from typing import Any, Final, TypeAlias

from rupture_watch.alliance.facts import (
    SECOND,
    Appointment,
    Closure,
    Fact,
    Form,
    FrameFact,
    Note,
    Review,
)

Packed: TypeAlias = "list[Any]"

KINDS: Final[tuple[type[Any], ...]] = (Form, Appointment, FrameFact, Note, Closure, Review)
TAGS: Final = {kind: tag for tag, kind in enumerate(KINDS)}

WORDS: Final = (
    *("client", "therapist", "observer", "provider", "system", "unknown", "admin", "other"),
    *("paper", "app", "in_room", "video", "import", "in_person", "phone"),
    *("booked", "attended", "no_show", "cancelled", "rescheduled"),
    *("SRS", "WAI-SR", "WAI-S", "WAI", "BR-WAI", "SAI", "GSRS", "ACORN-ALLIANCE", "RRI-C"),
    *("ORS", "PHQ-9", "GAD-7", "OQ-45", "CORE-10"),
    *("relationship", "goals", "approach", "overall", "bond", "task", "goal"),
    *("individual", "interpersonal", "social", "genuineness", "realism", "task_goal"),
    *("safety", "judged", "clarity", "hope", "shame", "engagement", "understood"),
    *("consent_given", "consent_withdrawn", "consent_expired", "privacy_incident"),
    *("interruption", "room_changed", "tech_failure", "fee_changed", "billing_error"),
    *("invoice_overdue", "therapist_changed", "leave_announced", "leave_started"),
    *("boundary_crossing", "unscheduled_contact", "complaint", "transfer_requested"),
    *("goals_set", "goal_reviewed", "plan_presented", "roles_explained", "outreach_made"),
    *("privacy", "scheduling", "payment", "roles", "legal"),
    *("dual_role", "gift", "disclosure"),
    *("empathy", "validation", "interpretation", "challenge", "advice", "psychoeducation"),
    *("exploration", "confrontation", "explorer", "adviser", "teacher"),
    *("self_care", "relationships", "money", "work_life", "parenting", "career"),
    *("planned", "unplanned", "transferred", "erased"),
    *("acknowledged", "dismissed", "repair_opened", "repair_confirmed", "unrepaired", "reopened"),
    *("already_known", "not_accurate", "practical_cause", "good_sign", "already_repaired"),
    *("not_relevant_now", "wrong_case", "lead"),
    *("illness", "holiday", "clinic_closure", "transport"),
)
_NUMBER_OF: Final = {word: number for number, word in enumerate(WORDS)}

TENTHS: Final = 10
_VOID, _BACKFILL = 1, 2
_HEAD: Final = 7
"""Fields that all facts share: name, time, recorded, event id, source, backfill, void."""
_OWN_FIELDS: Final = tuple(
    len(kind._fields) - _HEAD + (2 if kind is Form else 0)  # codes and values apart
    for kind in KINDS
)


def pack(fact: Fact, source: int) -> Packed:
    """Return ``fact`` as plain values; ``source`` is the place of its source in the case's list."""
    name, time, recorded, event_id, _, backfill, void = fact[:_HEAD]
    packed: Packed = [
        TAGS[type(fact)],
        _moment(time),
        _moment(recorded - time),
        event_id,
        source,
        (_VOID if void else 0) | (_BACKFILL if backfill else 0),
        None if name == _name_of(fact) else name,
    ]
    if isinstance(fact, Form):
        packed += _pack_form(fact)
    elif isinstance(fact, Appointment):
        ids, rest = fact[_HEAD : _HEAD + 3], fact[_HEAD + 4 :]
        packed += [*ids, _moment(fact.scheduled_start - time), *map(_word, rest)]
    else:
        packed += map(_word, fact[_HEAD:])
    while packed[-1] is None:
        packed.pop()
    return packed


def unpack(packed: Packed, sources: list[str]) -> Fact:
    """Return the fact that ``pack`` packed."""
    tag, time, late, event_id, source, flags, *rest = packed
    kind = KINDS[tag]
    time = _instant(time)
    name, *own = rest or [None]
    own += [None] * (_OWN_FIELDS[tag] - len(own))
    if kind is Form:
        own = _unpack_form(own)
    elif kind is Appointment:
        own = [*own[:3], time + _instant(own[3]), *map(_said, own[4:])]
    else:
        own = [*map(_said, own)]
    head = (
        time,
        time + _instant(late),
        event_id,
        sources[source],
        bool(flags & _BACKFILL),
        bool(flags & _VOID),
    )
    fact: Fact = kind("", *head, *own)
    return fact._replace(name=_name_of(fact) if name is None else name)


def _name_of(fact: Fact) -> str:
    """Return the name that a fact has where it has none of its own."""
    if isinstance(fact, Form):
        return f"{fact.session_id}/{fact.instrument}/{fact.respondent}"
    if isinstance(fact, Appointment):
        return fact.appointment_id or fact.session_id or ""
    return fact.session_id if isinstance(fact, Note) else fact.event_id


def _pack_form(form: Form) -> Packed:
    scores = form.scores
    return [
        form.session_id,
        form.session_seq,
        _word(form.instrument),
        form.version,
        _word(form.respondent),
        [_word(code) for code, _ in scores] or None,
        _values([value for _, value in scores]),
        None if _is_counted(form) else [_word(code) for code, _ in form.items],
        _values([value for _, value in form.items]),
        form.total,
        _word(form.mode),
        form.duration_ms,
        form.missing_items,
        form.group_id,
    ]


def _unpack_form(own: Packed) -> Packed:
    scores = _listed(own[6])
    items = _listed(own[8])
    codes = own[7] if own[7] is not None else [str(n) for n in range(1, len(items) + 1)]
    return [
        own[0],
        own[1],
        _said(own[2]),
        own[3],
        _said(own[4]),
        tuple(zip(map(_said, own[5] or ()), scores, strict=True)),
        tuple(zip(map(_said, codes), items, strict=True)),
        own[9],
        _said(own[10]),
        *own[11:],
    ]


def _is_counted(form: Form) -> bool:
    """Tell whether the items are 1, 2, 3 ... in order."""
    return all(code == str(place) for place, (code, _) in enumerate(form.items, start=1))


def _values(values: list[float]) -> Packed | None:
    """Return floats as whole tenths where they are such, marked by a leading None."""
    if not values:
        return None
    tenths = [round(value * TENTHS) for value in values]
    if all(count / TENTHS == value for count, value in zip(tenths, values, strict=True)):
        return [None, *tenths]
    return values


def _listed(values: Packed | None) -> list[float]:
    if not values:
        return []
    if values[0] is None:
        return [count / TENTHS for count in values[1:]]
    return values


def _word(value: Any) -> Any:
    """Return a word of a closed set as a one-element list of its number, others as they are."""
    if isinstance(value, str):
        number = _NUMBER_OF.get(value)
        return value if number is None else [number]
    if isinstance(value, tuple):
        return [[_word(one) for one in value]] if value else []
    return value


def _said(value: Any) -> Any:
    if isinstance(value, list):
        if not value:
            return ()
        first = value[0]
        return WORDS[first] if isinstance(first, int) else tuple(map(_said, first))
    return value


def _moment(time: int) -> Any:
    """Return whole seconds as an integer, anything else as a list of microseconds."""
    seconds, fraction = divmod(time, SECOND)
    return [time] if fraction else seconds


def _instant(moment: Any) -> int:
    time: int = moment[0] if isinstance(moment, list) else moment * SECOND
    return time
