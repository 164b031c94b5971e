"""Why a case is, or is not, asked about: what was found and measured, and what would change it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from rupture_watch.alliance.assessment import Case
from rupture_watch.alliance.history import History
from rupture_watch.alliance.standing import instant
from rupture_watch.alliance.timeline import Timeline
from rupture_watch.failures import Faulty
from rupture_watch.operations.explain.counterfactual import Counterfactual, counterfactual
from rupture_watch.operations.explain.sessions import Judged, sessions
from rupture_watch.operations.replay import Replay

if TYPE_CHECKING:
    from collections.abc import Iterable

    from rupture_watch.alliance.rules.catalogue import Catalogue
    from rupture_watch.operations.explain.nearest import Change

Plain = dict[str, Any]


class UnknownCase(Faulty):
    """No event of the file speaks of this case; the command line says so and exits 1."""

    def __init__(self) -> None:
        super().__init__("no event of this file speaks of that case")


class UnknownSession(Faulty):
    """The case has no such session; the command line says so and exits 1."""

    def __init__(self) -> None:
        super().__init__("this case has no session of that name")


class Explanation(NamedTuple):
    """The standing of a case, its sessions, a line for every judged fact, and what would change it.

    ``limit``: strain from which statistical findings speak for themselves.
    """

    standing: Plain
    sessions: list[Judged]
    lines: list[Plain]
    counterfactual: Counterfactual | None
    limit: float


def explain(
    case: str, lines: Iterable[bytes], catalogue: Catalogue, session: str | None = None
) -> Explanation:
    """Judge the events of one case; with ``session`` as it stood right after that session.

    Raises:
        UnknownCase: the events do not speak of it.
        UnknownSession: the case has no such session.

    """
    run = Replay(catalogue)
    needle = f'"{case}"'.encode()
    for line in lines:
        for _ in run.feed(line) if needle in line else run.overhear(line):
            pass
    key = case.encode()
    if key not in run.shard.cases():
        raise UnknownCase
    assessed = run.shard.case(key)
    if session is not None:
        assessed = as_it_stood(assessed, session)
    return Explanation(
        assessed.standing(),
        list(sessions(assessed, session)),
        [one for one in assessed.trace() if session is None or one["session_id"] == session],
        counterfactual(assessed),
        assessed.course.strain.limit,
    )


def as_it_stood(case: Case, session: str) -> Case:
    """Return the case as it stood right after a session, as far as it is known today.

    Raises:
        UnknownSession: it has no such session.

    """
    timeline = Timeline()
    moments = timeline.rebuild(case.history.facts.values())
    place = timeline.places.get(session)
    if place is None:
        raise UnknownSession
    facts = [moment.fact for moment in moments if moment.time <= place]
    return Case(case.name, case.catalogue, History(facts, case.history.cut), place)


def as_json(explanation: Explanation) -> Plain:
    """Return an explanation as plain values."""
    found = explanation.counterfactual
    return {
        "standing": explanation.standing,
        "sessions": [_session(one) for one in explanation.sessions],
        "lines": explanation.lines,
        "limit": explanation.limit,
        "counterfactual": None
        if found is None
        else {
            "goal": found.goal,
            "form": found.form.name,
            "change": _change(found.change),
            "rule": found.rule,
            "sentence": found.sentence,
        },
    }


def _session(judged: Judged) -> Plain:
    nearest = judged.nearest
    return {
        "session": judged.session,
        "time": instant(judged.time),
        "asked": list(judged.asked),
        "noted": list(judged.noted),
        "nearest": None
        if nearest is None
        else {"rules": list(nearest.rules), "change": _change(nearest.change)},
        "sentence": judged.sentence,
    }


def _change(change: Change | None) -> Plain | None:
    if change is None:
        return None
    return {"before": change.before, "after": change.after, "amount": change.amount}
