"""What would change it: the smallest change of the last client form that raises or clears."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from rupture_watch.alliance.assessment import Case
from rupture_watch.alliance.history import History
from rupture_watch.alliance.standing import leading
from rupture_watch.alliance.wording import day, number
from rupture_watch.operations.explain.nearest import Change, smallest_change
from rupture_watch.operations.explain.walking import walk

if TYPE_CHECKING:
    from rupture_watch.alliance.course import Course
    from rupture_watch.alliance.facts import Form
    from rupture_watch.operations.explain.walking import Held


class Counterfactual(NamedTuple):
    """The last client form, and its smallest change (None: none does) that ends or opens an alert.

    ``goal`` is ``clear`` where an alert is open, else ``raise``; ``rule`` leads the alert that
    would be raised.
    """

    goal: str
    form: Form
    change: Change | None
    rule: str | None
    sentence: str


def counterfactual(case: Case) -> Counterfactual | None:
    """Find what would change the case's standing; None without a client form.

    Every candidate is judged on from the session of the form; what is found is confirmed by judging
    the whole case anew.
    """
    last = _last_rated(case)
    if last is None or last.form is None:
        return None
    form = last.form
    is_open = _is_open(case.course)

    def differs(changed: Form) -> bool:
        course = last.judged(changed, to_the_end=True)
        course.advance(case.clock)
        return _is_open(course) != is_open and _is_open(_anew(case, form, changed)) != is_open

    registry = case.catalogue.ruleset.registry
    change = smallest_change(form, registry, differs)
    rule = None
    if change is not None and not is_open:
        course = _anew(case, form, change.form)
        rule = None if course.book.open is None else leading(course.book.open, course).rule
    goal = "clear" if is_open else "raise"
    return Counterfactual(goal, form, change, rule, _sentence(case, form, change, rule, goal))


def _last_rated(case: Case) -> Held | None:
    last = None
    for held in walk(case):
        last = held if held.form is not None else last
    return last


def _is_open(course: Course) -> bool:
    alert = course.book.open
    return alert is not None and not alert.historic


def _anew(case: Case, form: Form, changed: Form) -> Course:
    facts = [changed if fact is form else fact for fact in case.history.facts.values()]
    return Case(case.name, case.catalogue, History(facts, case.history.cut), case.clock).course


def _sentence(case: Case, form: Form, change: Change | None, rule: str | None, goal: str) -> str:
    which = f"the last client form ({day(form.time)})"
    if change is None:
        what = "close the alert" if goal == "clear" else "raise an alert"
        return f"No answers on {which} would {what}."
    before, after = change.before[change.code], change.after[change.code]
    told = "" if change.code == "total" else f"{change.code} "
    instead = (
        f"had {which} said {told}{number(after)} instead of {number(before)}"
        f" ({number(abs(change.amount))} {'lower' if change.amount < 0 else 'higher'})"
    )
    if goal == "clear":
        return f"No alert would be open {instead}."
    concept = case.catalogue.by_id[rule].concept if rule else ""
    return f"An alert would be open, by {rule} ({concept}), {instead}."
