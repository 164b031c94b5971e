from __future__ import annotations

from dataclasses import replace

import pytest

from rupture_watch.alliance.strain.course import course_of
from rupture_watch.alliance.strain.model import RATES, Model, place
from rupture_watch.alliance.strain.parameters import Ends, Onsets, StrainParameters
from rupture_watch.alliance.strain.sources import CODES, OUTCOMES, YesNo

PARAMETERS = StrainParameters()
MODEL = Model(PARAMETERS)
COURSE = MODEL.course
STEADY = COURSE.steady


@pytest.mark.parametrize("moves", [COURSE.moves, COURSE.opening, COURSE.standing])
def test_from_every_state_the_moves_add_up_to_one(
    moves: tuple[tuple[int, int, float], ...],
) -> None:
    for place_ in range(len(COURSE.states)):
        total = sum(share for source, _, share in moves if source == place_)
        assert total == pytest.approx(1.0)


def test_every_state_is_reached_from_the_steady_one() -> None:
    reached = {STEADY}
    for _ in COURSE.states:
        reached |= {target for source, target, _ in COURSE.moves if source in reached}
    assert reached == set(range(len(COURSE.states)))


def test_the_window_begins_and_compliance_ends_the_states() -> None:
    names = [state.name for state in COURSE.states]
    window = names[: COURSE.window]
    assert window[0] == "dip"
    assert {"quiet", "frame", "step_1", "slope_5"} <= set(window)
    assert not {"steady", "after", "hold", "step_2"} & set(window)
    assert names[-COURSE.complying :] == ["complying", "complying_on"]
    assert {state.code for state in COURSE.states} == set(CODES)


def test_no_course_begins_before_its_first_session() -> None:
    state = list(MODEL.beginning)
    assert state[STEADY] == 1.0
    state = MODEL.pass_on(state, 1, held=True)
    assert state[STEADY] == 1.0
    state = MODEL.pass_on(state, 2, held=True)
    assert state[STEADY] < 1.0
    assert PARAMETERS.first_session == 3


def test_without_facts_strain_is_its_base() -> None:
    state = list(MODEL.beginning)
    for sessions in range(1, 80):
        assert MODEL.base(sessions - 1) == pytest.approx(MODEL.strain(state), abs=1e-5)
        state = MODEL.pass_on(state, sessions, held=True)


def test_after_a_missed_appointment_only_a_broken_frame_moves_on() -> None:
    names = [state.name for state in COURSE.states]
    for name, target in (("dip", "dip"), ("steady", "steady"), ("frame", "frame_dip")):
        state = [float(other == name) for other in names]
        following = MODEL.pass_on(state, 9, held=False)
        assert following[names.index(target)] == 1.0


def test_courses_that_never_end_are_left_out_of_the_moves() -> None:
    course = course_of(replace(PARAMETERS, ends=replace(PARAMETERS.ends, second_dip=0.0)))
    names = [state.name for state in course.states]
    assert not any(names[target] == "deep_dip_again" for _, target, _ in course.moves)


@pytest.mark.parametrize("z", [-9.0, -8.0, -2.03, -0.01, 0.0, 1.24, 7.99, 12.0])
def test_a_deviation_is_found_on_the_grid(z: float) -> None:
    nearest = -8.0 + place(z) / 20.0
    assert abs(nearest - min(8.0, max(-8.0, z))) <= 0.025 + 1e-9


def test_in_the_steady_state_every_factor_is_one() -> None:
    rows = [*MODEL.rating_rows, *MODEL.ceiling_rows]
    rows += [row for table in MODEL.measured.values() for row in table]
    rows += [row for channel in MODEL.channels.values() for pair in channel.rows for row in pair]
    assert all(row[STEADY] == pytest.approx(1.0) for row in rows)


def test_a_yes_no_fact_is_a_probability_in_every_state() -> None:
    for channel in MODEL.channels.values():
        for step in range(1, RATES):
            own = step / RATES
            no, yes = channel.rows[step]
            for state in range(len(COURSE.states)):
                assert own * yes[state] + (1.0 - own) * no[state] == pytest.approx(1.0)


def test_an_effect_multiplies_the_odds() -> None:
    model = Model(replace(PARAMETERS, channels={"late": YesNo(0.2, 5.0, {"quiet": 1.0})}))
    names = [state.name for state in model.course.states]
    no, yes = model.channels["late"].rows[RATES // 5]
    quiet = names.index("quiet")
    assert yes[quiet] / no[quiet] == pytest.approx(2.718281828)


def test_outcomes_are_probabilities_in_every_state() -> None:
    rates = [0.7, 0.1, 0.1, 0.05, 0.05]
    rows = [MODEL.outcome_row(outcome, rates) for outcome in range(len(OUTCOMES))]
    for state in range(len(COURSE.states)):
        total = sum(rate * row[state] for rate, row in zip(rates, rows, strict=True))
        assert total == pytest.approx(1.0)


def test_a_lower_form_speaks_for_deeper_falls() -> None:
    names = [state.name for state in COURSE.states]
    dip, deep = names.index("dip"), names.index("deep_dip")
    slight, grave = MODEL.rating_rows[place(-1.5)], MODEL.rating_rows[place(-3.5)]
    assert slight[dip] > slight[deep]
    assert grave[deep] > grave[dip] > 1.0


def test_an_unmoving_rating_speaks_for_quiet() -> None:
    quiet = [state.name for state in COURSE.states].index("quiet")
    assert MODEL.rating_rows[place(0.0)][quiet] > 1.0 > MODEL.rating_rows[place(2.0)][quiet]


def test_a_ceiling_speaks_against_every_fall() -> None:
    row = MODEL.ceiling_rows[place(1.0)]
    for state, factor in zip(COURSE.states, row, strict=True):
        assert (factor < 1.0) == (state.fall > 0.0 or state.noise < 1.0)


def test_a_measured_value_is_bounded_in_what_it_says() -> None:
    bound = 2.718281828**PARAMETERS.measure_clip + 1e-6
    for table in MODEL.measured.values():
        assert all(1.0 / bound <= factor <= bound for row in table for factor in row)


@pytest.mark.parametrize(
    ("kind", "changes"),
    [
        (Onsets, {"dip": -0.1}),
        (Onsets, {"dip": 0.6, "quiet": 0.6}),
        (Ends, {"to_repair": 0.95}),
        (Ends, {"quiet": 1.5}),
        (StrainParameters, {"forgetting": 0.0}),
        (StrainParameters, {"clip": 0.0}),
    ],
)
def test_impossible_parameters_are_refused(kind: type[Onsets], changes: dict[str, float]) -> None:
    with pytest.raises(ValueError, match="must be"):
        kind(**changes)
