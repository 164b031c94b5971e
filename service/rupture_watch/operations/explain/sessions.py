"""Why a session was asked about, or why not: one plain sentence each."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from rupture_watch.alliance.findings import NOTE, WATCH
from rupture_watch.alliance.wording import day, listed, number
from rupture_watch.operations.explain.nearest import Change, smallest_change
from rupture_watch.operations.explain.walking import walk

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from rupture_watch.alliance.alerts import Alert
    from rupture_watch.alliance.assessment import Case
    from rupture_watch.alliance.course import Course
    from rupture_watch.alliance.facts import Form, Microseconds
    from rupture_watch.alliance.findings import Finding
    from rupture_watch.operations.explain.walking import Held


class Nearest(NamedTuple):
    """What would have been asked about, and by which rules, had the form been a little else."""

    rules: tuple[str, ...]
    change: Change


class Judged(NamedTuple):
    """One session: ``asked`` and ``noted`` are rules; ``nearest`` where nothing was asked."""

    session: str
    time: Microseconds
    asked: tuple[str, ...]
    noted: tuple[str, ...]
    nearest: Nearest | None
    sentence: str


def sessions(case: Case, only: str | None = None) -> Iterator[Judged]:
    """Yield every session of a case, or the one named, as it was judged when it was the newest."""
    for held in walk(case):
        if only is None or held.key == only:
            yield _judged(held)


def _judged(held: Held) -> Judged:
    course = held.judged()
    found = list(_findings(held, course))
    asked = _rules(one for one in found if one.severity >= WATCH)
    noted = _rules(one for one in found if one.severity == NOTE)
    was_open = held.before.book.open is not None
    nearest = None
    if held.form is not None and not asked and not was_open:
        nearest = _nearest(held, held.form)
    sentence = " ".join(_sentences(held, course, asked, noted, nearest))
    return Judged(held.key, course.by_key[held.key].place, asked, noted, nearest, sentence)


def _findings(held: Held, course: Course) -> Iterator[Finding]:
    """Yield what was found at the session's own facts."""
    own = {moment.fact.name for moment in held.moments if moment.session == held.key}
    for finding in (*course.book.notes, *(f for a in course.book.alerts for f in a.findings)):
        if finding.trigger.fact in own:
            yield finding


def _rules(found: Iterable[Finding]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(finding.rule for finding in found))


def _nearest(held: Held, form: Form) -> Nearest | None:
    def asked(changed: Form) -> tuple[str, ...]:
        found = _findings(held, held.judged(changed))
        return _rules(one for one in found if one.severity >= WATCH)

    registry = held.before.rules.ruleset.registry
    change = smallest_change(form, registry, lambda changed: bool(asked(changed)))
    return None if change is None else Nearest(asked(change.form), change)


def _sentences(
    held: Held,
    course: Course,
    asked: tuple[str, ...],
    noted: tuple[str, ...],
    nearest: Nearest | None,
) -> Iterator[str]:
    if asked:
        yield f"Asked about: {_named(course, asked)}."
    elif held.before.book.open is not None:
        yield _open_alert(held, held.before.book.open, course)
    elif noted:
        yield f"Kept as a note, below the limit of all evidence together: {_named(course, noted)}."
    elif held.form is not None:
        yield "Nothing reached a limit."
    if nearest is not None:
        yield _lacked(course, nearest)
    elif held.form is None:
        yield _without_a_form(course)
    elif not asked and held.before.book.open is None:
        yield "No answer on this form would have changed that."


def _open_alert(held: Held, alert: Alert, course: Course) -> str:
    """Say what became of the alert that was open before the session."""
    since = day(alert.first.trigger.time)
    now = course.book.alerts[-1]
    if now.ended is None:
        return f"The alert of {since} was open; nothing new."
    where = "here" if now.ended >= held.moments[0].time else "before"
    return f"The alert of {since} ended {where}: {now.state} ({now.reason.replace('_', ' ')})."


def _lacked(course: Course, nearest: Nearest) -> str:
    change = nearest.change
    before, after = change.before[change.code], change.after[change.code]
    way = "lower" if change.amount < 0 else "higher"
    what = "the total" if change.code == "total" else f"the {change.code}"
    return (
        f"Nearest: {_named(course, nearest.rules[:1])}, had {what} been {number(after)} instead of"
        f" {number(before)} ({number(abs(change.amount))} {way})."
    )


def _without_a_form(course: Course) -> str:
    """Say what is left to judge by where the client gave no form."""
    load = course.load.at(course.now)
    rule = course.rules.by_id.get("I3")
    limit = f" of {number(rule.numbers['load'])}" if rule is not None else ""
    return f"No client form to compare; frame load {number(load)}{limit}."


def _named(course: Course, rules: Iterable[str]) -> str:
    return listed([f"{rule} ({course.rules.by_id[rule].concept})" for rule in rules])
