from __future__ import annotations

import math
from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rupture_watch.alliance.strain import Filter

if TYPE_CHECKING:
    from collections.abc import Sequence
    from random import Random
from tests.unit.strained_cases import (
    CASES,
    MODEL,
    ROUNDING,
    TELLINGS,
    Telling,
    flag,
    form,
    known_case,
    outcome,
    strain_after,
    tell,
)


@given(CASES)
def test_the_shares_add_up_to_strain_minus_its_prior(sessions: Sequence[Sequence[Telling]]) -> None:
    case = Filter(MODEL)
    for session in sessions:
        tell(case, *session)
        told = case.judge()
        said = sum(share for _, share in (*told.shares, *told.echoes))
        assert told.prior + told.passage + told.earlier + said == pytest.approx(
            told.strain, abs=ROUNDING
        )
        assert (told.strain, told.compliance) == (case.strain, case.compliance)
        assert case.close_session() == told


@given(CASES, st.integers(0, 13))
def test_a_restored_filter_goes_on_exactly(
    sessions: Sequence[Sequence[Telling]], kept: int
) -> None:
    case = Filter(MODEL)
    for session in sessions[:kept]:
        tell(case, *session)
        case.close_session()
    restored = Filter.restored(MODEL, case.snapshot())
    for session in sessions[kept:]:
        for one in (case, restored):
            tell(one, *session)
        assert restored.close_session() == case.close_session()
    assert restored.snapshot() == case.snapshot()


@given(CASES, st.lists(TELLINGS, max_size=5))
def test_a_fork_goes_on_alone_and_leaves_the_first_as_it_was(
    sessions: Sequence[Sequence[Telling]], more: Sequence[Telling]
) -> None:
    case, witness = Filter(MODEL), Filter(MODEL)
    for session in sessions[:-1]:
        for one in (case, witness):
            tell(one, *session)
            one.close_session()
    tell(case, *sessions[-1])
    tell(witness, *sessions[-1])
    fork = case.fork()
    assert fork.judge() == case.judge()
    tell(fork, *more)
    fork.new_baseline()
    fork.close_session()
    assert case.close_session() == witness.close_session()
    assert case.snapshot() == witness.snapshot()


@given(st.lists(st.lists(TELLINGS, max_size=6), min_size=2, max_size=6), st.randoms())
@settings(max_examples=50)
def test_the_order_of_a_sessions_facts_does_not_matter_to_its_strain(
    sessions: list[list[Telling]], order: Random
) -> None:
    # One form a session: a second one of the same series is judged by the same earlier level.
    straight, shuffled = Filter(MODEL), Filter(MODEL)
    for session in sessions:
        tell(straight, *session)
        tell(shuffled, *order.sample(session, len(session)))
        assert shuffled.strain == pytest.approx(straight.strain, abs=1e-6)
        straight.close_session()
        shuffled = straight.fork()


@given(CASES)
def test_every_judgement_is_finite(sessions: Sequence[Sequence[Telling]]) -> None:
    case = Filter(MODEL)
    for session in (*sessions, *sessions, *sessions):
        tell(case, *session)
        told = case.close_session()
        assert math.isfinite(told.strain)
        assert math.isfinite(told.compliance)


def test_the_deeper_the_form_the_higher_the_strain() -> None:
    case = known_case()
    strains = [
        strain_after(case, outcome("attended"), form(total)) for total in (48, 44, 41, 38, 34)
    ]
    assert strains == sorted(strains)
    assert strains[0] < MODEL.parameters.limit < strains[-1]


def test_a_low_form_means_little_where_low_is_usual() -> None:
    usually_low, usually_high = known_case(level=38.0), known_case(level=50.0)
    low = (outcome("attended"), form(38.0))
    assert (
        strain_after(usually_low, *low) < MODEL.parameters.limit < strain_after(usually_high, *low)
    )


def test_a_slow_fall_adds_up() -> None:
    case = known_case()
    strains = []
    for total in (46, 44, 42, 40, 38):
        tell(case, outcome("attended"), form(total))
        strains.append(case.close_session().strain)
    assert strains[-1] > MODEL.parameters.limit
    assert strains[-1] > strain_after(known_case(), outcome("attended"), form(40))


def test_quiet_withdrawal_shows_without_any_fall() -> None:
    case = known_case()
    tell(case, outcome("no_show"))
    case.close_session()
    tell(case, outcome("attended"), flag("missing_form", seen=True))
    case.close_session()
    tell(case, outcome("no_show"))
    case.close_session()
    tell(case, outcome("attended"), flag("missing_form", seen=True))
    assert case.strain > MODEL.parameters.limit


def test_an_even_rater_is_not_held_for_a_quiet_one() -> None:
    case = Filter(MODEL)
    for _ in range(40):
        tell(case, outcome("attended"), flag("missing_form", seen=False), form(48.0))
        assert case.close_session().strain < MODEL.parameters.limit - 1.0


def test_missing_forms_say_less_where_they_are_usual() -> None:
    seldom, often = Filter(MODEL), Filter(MODEL)
    for number in range(12):
        for case, missing in ((seldom, False), (often, number % 2 == 0)):
            tell(case, outcome("attended"), flag("missing_form", seen=missing))
            case.close_session()
    now = (outcome("attended"), flag("missing_form", seen=True))
    assert strain_after(often, *now) < strain_after(seldom, *now)


def test_a_break_of_the_frame_makes_the_next_fall_weigh_more() -> None:
    broken, calm = known_case(), known_case()
    tell(broken, outcome("provider_cancel"))
    broken.close_session()
    fall = (outcome("attended"), form(42.0))
    assert strain_after(broken, *fall) > strain_after(calm, *fall) + 0.5


def test_what_the_therapist_sees_counts() -> None:
    case = known_case()
    fall = (outcome("attended"), form(43.0))
    seen = (*fall, flag("therapist_sees_rupture", seen=True))
    unseen = (*fall, flag("therapist_sees_rupture", seen=False))
    assert strain_after(case, *seen) > strain_after(case, *fall) > strain_after(case, *unseen)
