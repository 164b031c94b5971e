"""The set of facts: winning versions, bounded by whole months, whatever the order of arrival."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rupture_watch.alliance import history as history_module
from rupture_watch.alliance.facts import DAY, SECOND
from rupture_watch.alliance.history import History, Taken
from tests.builders import (
    a_closure,
    a_form,
    a_frame_fact,
    amended,
    on,
    voided,
)

if TYPE_CHECKING:
    from collections.abc import Iterable

    from hypothesis.strategies import DataObject

    from rupture_watch.alliance.facts import Fact

BOUND = 6


@pytest.fixture
def _small(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(history_module, "MOST_FACTS", BOUND)


def taken_in(facts: Iterable[Fact]) -> History:
    history = History()
    for fact in facts:
        history.take(fact)
        history.forget_beyond_bound()
    return history


def month(number: int) -> int:
    return int(datetime(2025, number, 1, tzinfo=UTC).timestamp()) * SECOND


def test_a_repeat_changes_nothing() -> None:
    form = a_form("s1", 0)
    history = taken_in([form])

    assert history.take(form) == (Taken.REPEATED, form)
    assert list(history.facts.values()) == [form]


def test_the_later_recorded_version_wins_in_either_order() -> None:
    old = a_form("s1", 0)
    new = amended(old, scores=())

    assert list(taken_in([old, new]).facts.values()) == [new]
    history = taken_in([new])
    assert history.take(old) == (Taken.SUPERSEDED, new)
    assert list(history.facts.values()) == [new]


def test_at_a_tie_the_larger_id_wins() -> None:
    one = a_form("s1", 0, event_id="a")
    other = a_form("s1", 0, 20.0, event_id="b")

    assert list(taken_in([one, other]).facts.values()) == [other]
    assert list(taken_in([other, one]).facts.values()) == [other]


def test_two_contents_under_one_id_have_one_winner() -> None:
    one, other = a_form("s1", 0, 20.0), a_form("s1", 0, 30.0)

    assert taken_in([one, other]).facts == taken_in([other, one]).facts


def test_a_voided_fact_keeps_its_older_versions_out() -> None:
    form = a_form("s1", 0)
    history = taken_in([form, voided(form)])

    assert history.take(form)[0] is Taken.SUPERSEDED
    assert [fact.void for fact in history.facts.values()] == [True]


def test_frame_facts_of_two_senders_do_not_meet() -> None:
    here = a_frame_fact("complaint", 0, name="f1")
    there = a_frame_fact("complaint", 0, name="f1", source="/other")

    assert len(taken_in([here, there]).facts) == 2


def test_a_case_is_closed_once() -> None:
    first, second = a_closure(9, "planned"), a_closure(12, "unplanned")

    assert list(taken_in([second, first]).facts.values()) == [second]


def test_what_could_not_be_judged_is_put_back() -> None:
    old = a_form("s1", 0)
    new = amended(old, scores=())
    history = taken_in([old])

    taken, replaced = history.take(new)
    history.put_back(new, replaced)
    fresh = a_form("s2", 7)
    history.put_back(fresh, history.take(fresh)[1])

    assert taken is Taken.ACCEPTED
    assert list(history.facts.values()) == [old]


@pytest.mark.usefixtures("_small")
def test_beyond_the_bound_whole_months_fall() -> None:
    january = [a_form(f"j{day}", day) for day in range(4)]
    february = [a_form(f"f{day}", 30 + day) for day in range(2)]
    assert taken_in([*january, *february]).cut is None

    history = taken_in([*january, *february, a_form("last", 33)])

    assert history.cut == month(2)
    assert {fact.name[0] for fact in history.facts.values()} == {"f", "l"}


@pytest.mark.usefixtures("_small")
def test_where_one_month_alone_is_too_much_the_oldest_of_it_fall() -> None:
    history = taken_in([a_form(f"s{day}", day) for day in range(BOUND + 2)])

    assert history.cut == on(2)
    assert len(history.facts) == BOUND


@pytest.mark.usefixtures("_small")
def test_what_lies_before_the_cut_never_comes_back() -> None:
    forms = [a_form(f"s{day}", day * 10) for day in range(BOUND + 1)]
    history = taken_in(forms)

    assert history.take(forms[0]) == (Taken.FORGOTTEN, None)
    assert history.take(a_form("other", 1)) == (Taken.FORGOTTEN, None)


@pytest.mark.usefixtures("_small")
def test_the_closure_is_never_forgotten() -> None:
    history = taken_in([a_closure(0), *(a_form(f"s{day}", day * 20) for day in range(BOUND + 3))])

    assert any(fact.name == "e-closed-0" for fact in history.facts.values())
    assert history.take(a_closure(0, recorded_after=1))[0] is Taken.ACCEPTED


@settings(deadline=None)
@given(st.lists(st.integers(0, 150), max_size=40), st.lists(st.just(70), max_size=1), st.data())
def test_what_is_forgotten_does_not_depend_on_the_order(
    days: list[int], closed: list[int], data: DataObject
) -> None:
    facts: list[Fact] = [a_form(f"s{number}", day) for number, day in enumerate(days)]
    facts += [a_closure(day) for day in closed]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(history_module, "MOST_FACTS", BOUND)
        sorted_in = taken_in(sorted(facts, key=lambda fact: fact.time))
        shuffled = taken_in(data.draw(st.permutations(facts)))

        assert shuffled.facts == sorted_in.facts
        assert shuffled.cut == sorted_in.cut
        assert taken_in([*sorted_in.facts.values(), *facts]).facts == sorted_in.facts
        many_at_once = max((days.count(day) for day in days), default=0)
        assert len(sorted_in.facts) <= max(BOUND, many_at_once + BOUND)
        newest = sorted(fact.time for fact in sorted_in.facts.values())
        assert not newest or newest[-1] == max(fact.time for fact in facts)


def test_the_bound_lasts_for_years_of_weekly_sessions() -> None:
    assert history_module.MOST_FACTS * 7 * DAY // 2 > 3 * 365 * DAY
