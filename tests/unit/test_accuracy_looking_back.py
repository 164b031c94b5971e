"""The field's own label, turned round for the alliance, beside the detectors of the study."""

from __future__ import annotations

from math import isnan

import pytest

from benchmarks.accuracy.cohorts import Course, Sighting
from benchmarks.accuracy.detectors import DETECTORS, LOOKING_BACK
from rupture_watch.operations.simulate import Label
from rupture_watch.operations.simulate.episodes import Kind

JUDGE, LIMIT, _ = DETECTORS[LOOKING_BACK]
STEADY, LOW = 36.0, 24.0


def course(*totals: float | None) -> Course:
    label = Label(
        "c", "SRS", Kind.STEP, "all", 2.5, 4, 6, None, None,
        repaired=False, complete=True, ending=None, sessions=(),
    )  # fmt: skip
    return Course(label, "episode", 0, [Sighting(client=total) for total in totals])


def test_a_step_is_found_at_the_session_at_which_it_came() -> None:
    values = JUDGE(course(STEADY, STEADY, STEADY, LOW, LOW, LOW))
    assert [number for number, value in enumerate(values, start=1) if value > LIMIT] == [4]


def test_a_dip_of_one_session_is_none_for_it_does_not_last() -> None:
    values = JUDGE(course(STEADY, STEADY, STEADY, LOW, STEADY, STEADY, STEADY))
    assert not any(value > LIMIT for value in values)


@pytest.mark.parametrize("fall", [1.0, 5.0])
def test_a_fall_within_the_error_of_measurement_is_none(fall: float) -> None:
    values = JUDGE(course(*[STEADY] * 3, *[STEADY - fall] * 3))
    assert not any(value > LIMIT for value in values)


def test_where_too_little_is_known_there_is_no_value() -> None:
    values = JUDGE(course(STEADY, None, STEADY, LOW, LOW))
    assert len(values) == 5
    assert isnan(values[0])
    assert isnan(values[1])
    assert isnan(values[-1])
