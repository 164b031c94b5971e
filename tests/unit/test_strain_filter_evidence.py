from __future__ import annotations

from random import Random

from rupture_watch.alliance.strain import Filter
from tests.unit.strained_cases import (
    MODEL,
    SRS,
    WAI,
    flag,
    form,
    known_case,
    outcome,
    strain_after,
    tell,
)


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
