from __future__ import annotations

import math
from random import Random
from typing import TYPE_CHECKING, NamedTuple

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rupture_watch.alliance.instruments import Registry
from rupture_watch.alliance.strain import Filter, Model, StrainParameters
from rupture_watch.alliance.strain.sources import OUTCOMES, default_channels

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

MODEL = Model(StrainParameters())
WAI = Registry.default().get("WAI-SR")
SRS = Registry.default().get("SRS")
ROUNDING = 1e-5


class Telling(NamedTuple):
    """One call, so that a case can be told again."""

    tell: Callable[[Filter], object]


def outcome(name: str) -> Telling:
    return Telling(lambda case: case.appointment("appointment", name))


def flag(channel: str, *, seen: bool) -> Telling:
    return Telling(lambda case: case.flag(channel, channel, seen=seen))


def form(total: float, *, bond: float | None = None, uniform: bool = False) -> Telling:
    values = {"total": total}
    if bond is not None:
        rest = (total - bond) / 2.0
        values |= {"bond": bond, "task": rest, "goal": rest}
    return Telling(lambda case: case.rating("form", "WAI-SR", WAI.scales, values, uniform=uniform))


def therapist(total: float) -> Telling:
    return Telling(lambda case: case.measure("therapist", "therapist_form", total, WAI.total))


def haste(milliseconds: float) -> Telling:
    return Telling(lambda case: case.measure("pace", "log_duration", math.log(milliseconds)))


def tell(case: Filter, *session: Telling) -> None:
    for telling in session:
        telling.tell(case)


def usual(rng: Random, level: float = 48.0) -> list[Telling]:
    """An ordinary session: everybody there, a form near the usual level, nothing to note."""
    return [
        outcome("attended"),
        *(flag(channel, seen=False) for channel in default_channels()),
        form(min(60.0, round(rng.gauss(level, 2.5)))),
        therapist(round(rng.gauss(45.0, 3.0))),
    ]


def known_case(sessions: int = 8, level: float = 48.0, seed: int = 1) -> Filter:
    rng = Random(seed)
    case = Filter(MODEL)
    for _ in range(sessions):
        tell(case, *usual(rng, level))
        case.close_session()
    return case


def strain_after(case: Filter, *session: Telling) -> float:
    forked = case.fork()
    tell(forked, *session)
    return forked.close_session().strain


TELLINGS = st.one_of(
    st.sampled_from(OUTCOMES).map(outcome),
    st.builds(
        lambda channel, seen: flag(channel, seen=seen),
        st.sampled_from(sorted(default_channels())),
        st.booleans(),
    ),
    st.builds(
        lambda total, bond, uniform: form(total, bond=bond, uniform=uniform),
        st.integers(12, 60).map(float),
        st.none() | st.integers(4, 20).map(float),
        st.booleans(),
    ),
    st.integers(12, 60).map(float).map(therapist),
    st.floats(1e3, 1e6).map(haste),
)
CASES = st.lists(st.lists(TELLINGS, max_size=7), min_size=1, max_size=14)


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


def test_a_sudden_leap_to_the_maximum_is_compliance() -> None:
    case = known_case()
    tell(case, outcome("attended"), form(40.0))
    case.close_session()
    tell(case, outcome("attended"), form(60.0, uniform=True), flag("homework_undone", seen=True))
    assert case.judge().compliance > MODEL.parameters.compliance_limit


def test_every_part_but_the_bond_at_its_maximum_is_compliance_too() -> None:
    case = known_case()
    tell(case, outcome("attended"), form(40.0, bond=13.0))
    case.close_session()
    tell(case, outcome("attended"), form(54.0, bond=14.0), flag("homework_undone", seen=True))
    assert case.judge().compliance > MODEL.parameters.compliance_limit


def test_a_talked_over_return_to_the_usual_is_no_compliance() -> None:
    case = known_case()
    tell(case, outcome("attended"), form(40.0))
    case.close_session()
    tell(case, outcome("attended"), form(48.0), flag("alliance_discussed", seen=True))
    assert case.judge().compliance < MODEL.parameters.compliance_limit


def test_the_maximum_says_nothing_of_a_client_who_always_gives_it() -> None:
    case = Filter(MODEL)
    for _ in range(10):
        tell(case, outcome("attended"), form(60.0, uniform=True))
        case.close_session()
    tell(case, outcome("attended"), form(60.0, uniform=True))
    told = case.judge()
    assert told.compliance < MODEL.parameters.compliance_limit - 1.0
    assert told.strain < MODEL.parameters.limit - 1.0


def test_a_fall_from_the_ceiling_is_seen() -> None:
    case = Filter(MODEL)
    for _ in range(6):
        tell(case, outcome("attended"), form(60.0, uniform=True))
        case.close_session()
    assert strain_after(case, outcome("attended"), form(48.0)) > MODEL.parameters.limit


def test_a_new_baseline_forgets_the_level_but_not_the_habits() -> None:
    case = known_case(sessions=12, level=54.0)
    changed = case.fork()
    changed.new_baseline()
    fall = (outcome("attended"), form(46.0))
    assert strain_after(changed, *fall) < strain_after(case, *fall) - 1.0
    miss = (outcome("no_show"),)
    assert strain_after(changed, *miss) == strain_after(case, *miss)


def test_before_the_first_session_that_may_have_an_onset_nothing_is_strained() -> None:
    case = Filter(MODEL)
    for _ in range(MODEL.parameters.first_session - 1):
        tell(case, outcome("attended"), form(20.0))
        assert case.close_session().strain < -10.0


def test_a_miss_lets_the_course_stand_still() -> None:
    case = known_case(sessions=6)
    before = case.snapshot().sessions
    tell(case, outcome("no_show"))
    case.close_session()
    assert case.snapshot().sessions == before
    tell(case, outcome("attended"))
    case.close_session()
    assert case.snapshot().sessions == before + 1


def test_an_unknown_channel_or_measure_says_nothing() -> None:
    case = known_case()
    before = case.strain
    case.flag("fact", "weather", seen=True)
    case.measure("fact", "temperature", 20.0)
    assert case.strain == before
    assert case.judge().shares == ()


def test_a_form_without_total_and_bond_says_nothing() -> None:
    case = known_case()
    before = case.judge()
    case.rating("form", "WAI-SR", WAI.scales, {"goal": 4.0})
    assert case.judge() == before


def test_a_form_of_the_bond_alone_is_judged_by_the_bond() -> None:
    case = Filter(MODEL)
    for value in (16.0, 17.0, 16.0, 15.0, 17.0, 16.0):
        tell(case, outcome("attended"))
        case.rating("form", "WAI-SR/bond", WAI.scales, {"bond": value})
        case.close_session()
    case.rating("form", "WAI-SR/bond", WAI.scales, {"bond": 9.0})
    assert case.strain > MODEL.parameters.limit


def test_two_instruments_have_levels_of_their_own() -> None:
    case = Filter(MODEL)
    for _ in range(6):
        tell(case, outcome("attended"), form(48.0))
        case.rating("visual", "SRS", SRS.scales, {"total": 30.0})
        case.close_session()
    calm = case.fork()
    calm.rating("visual", "SRS", SRS.scales, {"total": 30.0})
    low = case.fork()
    low.rating("visual", "SRS", SRS.scales, {"total": 22.0})
    assert calm.strain < MODEL.parameters.limit < low.strain


def test_the_facts_of_the_last_sessions_echo_by_name() -> None:
    case = known_case()
    tell(case, outcome("attended"), form(38.0))
    case.close_session()
    tell(case, outcome("attended"))
    echoes = dict(case.judge().echoes)
    assert echoes["form"] > 0.5


def test_of_clients_to_whom_nothing_happens_few_are_strained_and_of_deep_dips_many() -> None:
    rng = Random(20260104)
    limit = MODEL.parameters.limit
    alarms = sessions = found = dips = 0
    for _ in range(300):
        level, spread = rng.gauss(48.0, 7.5), 4.1 * rng.lognormvariate(-0.06, 0.34)
        case = Filter(MODEL)
        for _ in range(10):
            case.appointment("a", "attended")
            value = min(60, max(12, round(rng.gauss(level, spread))))
            case.rating("f", "WAI-SR", WAI.scales, {"total": float(value)})
            alarms += case.close_session().strain > limit
            sessions += 1
        if level - 3.0 * spread > 15.0:
            value = min(60, max(12, round(rng.gauss(level - 3.0 * spread, spread))))
            case.rating("f", "WAI-SR", WAI.scales, {"total": float(value)})
            found += case.strain > limit
            dips += 1
    assert 0.003 < alarms / sessions < 0.025
    assert found / dips > 0.4
