"""CDS Hooks: requests for cards, and what clinicians did with a card."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Final, NamedTuple, get_args

from rupture_watch.contracts.reviews import DismissalReason
from rupture_watch.contracts.topics import EventType
from rupture_watch.contracts.wire import timestamp
from rupture_watch.gateway.mapping import privacy
from rupture_watch.gateway.mapping.moments import of_fhir
from rupture_watch.gateway.mapping.reference import PATIENT, preferred
from rupture_watch.gateway.mapping.tree import Node, codings, many, nodes, text
from rupture_watch.gateway.mapping.verdict import Event, NotMapped, Why

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from rupture_watch.gateway.mapping.run import Run

HOOK: Final = "patient-view"
REASONS: Final = frozenset(get_args(DismissalReason))
REASON_SYSTEM: Final = "urn:rupture-watch:dismissal-reason"
_ID: Final = re.compile(r"(?:Patient/)?([A-Za-z0-9.-]{1,64})", re.ASCII)
_CARD: Final = re.compile(
    r"[0-9a-f]{8}-?[0-9a-f]{4}-?[0-9a-f]{4}-?[0-9a-f]{4}-?[0-9a-f]{12}", re.ASCII
)
_OUTCOMES: Final = frozenset({"accepted", "overridden"})


class Feedback(NamedTuple):
    """One answer to a card: the alert it was about, and what the contract says of it."""

    alert_id: str
    event: Event


def patient_of_request(run: Run, request: Node) -> str:
    """Return the identity of the patient whose cards are asked for.

    Senders write the id with and without ``Patient/``, a ``hookInstance`` that is no UUID, and a
    prefetch that is null or wrapped in a response.

    Raises:
        NotMapped: not a request that is answered here.

    """
    hook = text(request, "hook")
    if hook != HOOK:
        raise NotMapped(Why.UNSUPPORTED if hook else Why.MISSING, "hook")
    if text(request, "hookInstance") is None:
        raise NotMapped(Why.MISSING, "hookInstance")
    stated = text(request, "context", "patientId")
    found = _ID.fullmatch(stated) if stated else None
    if found is None:
        raise NotMapped(Why.INVALID if stated else Why.MISSING, "context.patientId")
    if not run.profile.patient.systems:
        return f"{PATIENT}/{found[1]}"
    for patient in _prefetched(request):
        pairs = [
            (text(one, "system") or "", text(one, "value") or "")
            for one in nodes(patient, "identifier")
        ]
        if text(patient, "id") == found[1] and (identity := preferred(run, pairs)):
            return identity
    raise NotMapped(Why.NO_SUBJECT, "prefetch.patient.identifier")


def _prefetched(request: Node) -> Iterator[Node]:
    prefetch = request.get("prefetch")
    for value in prefetch.values() if isinstance(prefetch, dict) else ():
        for one in (value, *many(value, "resource")):
            if text(one, "resourceType") == PATIENT and isinstance(one, dict):
                yield one


def feedback_of(
    run: Run, body: Node, case_of: Callable[[str], str | None]
) -> list[Feedback | NotMapped]:
    """Return what becomes of each answer in a feedback body.

    A card that was overridden for one of our reasons dismisses its alert. Overridden without one,
    or accepted, it has been seen: who clicked a card away has not said why. A comment is dropped.

    Raises:
        NotMapped: not a feedback body.

    """
    answers = many(body, "feedback")
    if not answers:
        raise NotMapped(Why.MISSING, "feedback")
    privacy.count_fhir(body, run.tally.dropped)
    made: list[Feedback | NotMapped] = []
    for number, one in enumerate(answers):
        try:
            made.append(_feedback(run, one, f"feedback.{number}", case_of))
        except NotMapped as error:
            made.append(error)
    return made


def _feedback(run: Run, answer: Any, where: str, case_of: Callable[[str], str | None]) -> Feedback:
    card = text(answer, "card")
    if card is None or not _CARD.fullmatch(card):
        raise NotMapped(Why.INVALID if card else Why.MISSING, f"{where}.card")
    if text(answer, "outcome") not in _OUTCOMES:
        raise NotMapped(Why.INVALID, f"{where}.outcome")
    moment = of_fhir(answer.get("outcomeTimestamp"))
    if moment is None:
        raise NotMapped(Why.MISSING, f"{where}.outcomeTimestamp")
    alert_id = card.replace("-", "")
    case = case_of(alert_id)
    if case is None:
        raise NotMapped(Why.NO_SUBJECT, f"{where}.card")
    data = {"alert_id": alert_id, **_action(run, answer)}
    event: Event = {
        "specversion": "1.0",
        "id": f"cds-{alert_id}-{moment}-{data['action']}",
        "source": run.profile.source,
        "type": EventType.ALERT_REVIEWED.value,
        "subject": case,
        "time": timestamp(moment),
        "datacontenttype": "application/json",
        "data": data,
    }
    return Feedback(alert_id, event)


def _action(run: Run, answer: Node) -> dict[str, str]:
    if text(answer, "outcome") == "overridden":
        for reason in nodes(answer, "overrideReason", "reason"):
            for system, code in codings(reason):
                if code in REASONS:
                    return {"action": "dismissed", "reason_code": code}
                run.unmapped(f"overrideReason#{system}", code, "acknowledged")
    return {"action": "acknowledged"}
