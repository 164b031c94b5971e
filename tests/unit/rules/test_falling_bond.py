"""The bond, its fall, and the first crack in perfect ratings."""

from math import inf, nextafter

from rupture_watch.alliance.findings import RuptureType
from tests.unit.rules.diary import TOP, Diary


def _bonds(diary: Diary, *bonds: float) -> Diary:
    for week, bond in enumerate(bonds):
        diary.session(week, (bond, 9.0, 9.0, 9.0))
    return diary


def test_a_bond_at_the_limit_is_silent_and_one_below_is_found() -> None:
    bonds = (9.0, 9.1, 9.0, 9.1, 7.0)
    z = _bonds(Diary(), *bonds).point("bond").deviation.z
    assert _bonds(Diary(A4={"z": z}), *bonds).severities("A4") == []
    found = _bonds(Diary(A4={"z": nextafter(z, inf), "deep_z": -99.0}), *bonds)
    assert found.severities("A4") == [3]


def test_a_bond_below_the_deeper_limit_is_a_matter_of_the_day() -> None:
    bonds = (9.0, 9.1, 9.0, 9.1, 4.0)
    z = _bonds(Diary(), *bonds).point("bond").deviation.z
    assert _bonds(Diary(A4={"deep_z": z}), *bonds).severities("A4") == [3]
    assert _bonds(Diary(A4={"deep_z": nextafter(z, inf)}), *bonds).severities("A4") == [4]


def test_a_total_that_reads_like_a_bond_is_judged_as_one() -> None:
    diary = Diary()
    for week, value in enumerate((24, 25, 24, 25, 10)):
        diary.total(week, value, "SAI")
    assert diary.severities("A4") == [4]
    assert diary.found("A4")[0].evidence[0].measure == "total"


def test_three_falls_in_a_row_are_found() -> None:
    wide = {"ewma": -99.0}
    falling = (8.8, 9.2, 8.9, 8.3, 7.8, 7.3)
    assert _bonds(Diary(A5=wide), *falling).severities("A5") == [3]
    assert _bonds(Diary(A5=wide), *falling[:-1]).severities("A5") == []


def test_a_level_value_breaks_the_run_of_falls() -> None:
    assert _bonds(Diary(A5={"ewma": -99.0}), 8.8, 9.2, 8.9, 8.3, 8.3, 7.3).severities("A5") == []


def test_a_fall_from_the_peak_of_the_series_is_the_way_back() -> None:
    wide = {"ewma": -99.0}
    assert _bonds(Diary(A5=wide), 8.0, 8.2, 9.5, 8.9, 8.3, 7.3).severities("A5") == []
    assert _bonds(Diary(A5=wide), 9.6, 8.2, 9.5, 8.9, 8.3, 7.3).severities("A5") == [3]


def test_falls_that_add_up_to_less_than_the_spread_asked_for_are_silent() -> None:
    falling = (8.8, 9.2, 8.9, 8.3, 7.8, 7.3)
    spread = _bonds(Diary(), *falling).point("bond").deviation.spread
    exactly = round(8.9 - 7.3, 6) / spread
    enough = {"ewma": -99.0, "total_spreads": exactly}
    short = {"ewma": -99.0, "total_spreads": nextafter(exactly, inf) + 1e-9}
    assert _bonds(Diary(A5=enough), *falling).severities("A5") == [3]
    assert _bonds(Diary(A5=short), *falling).severities("A5") == []


def test_a_bond_that_sinks_little_by_little_is_found_by_its_ewma() -> None:
    sinking = (9.0, 9.0, 9.0, 9.0, 9.0, 9.0, 7.3, 7.4, 7.3, 7.4)
    found = _bonds(Diary(), *sinking).found("A5")
    assert found
    assert found[0].type is RuptureType.WITHDRAWAL


def test_a_change_of_therapist_starts_the_run_anew() -> None:
    diary = _bonds(Diary(A5={"ewma": -99.0}), 8.8, 9.2, 8.9, 8.3, 7.8, 7.3)
    diary.frame("therapist_changed", 2.5)
    assert diary.severities("A5") == []


def test_another_version_of_the_form_starts_the_run_anew() -> None:
    diary = Diary(A5={"ewma": -99.0})
    for week, bond in enumerate((8.8, 9.2, 8.9, 8.3, 7.8, 7.3)):
        version = "2" if week > 3 else "1"
        diary.session(week).form(week, (bond, 9.0, 9.0, 9.0), version=version)
    assert diary.severities("A5") == []


def test_a_fall_of_two_points_after_three_maxima_is_found() -> None:
    found = Diary().session(0, TOP).session(1, TOP).session(2, TOP)
    assert found.session(3, (9.5, 9.5, 9.5, 9.5)).severities("A8") == [2]


def test_a_fall_of_less_than_two_points_is_silent() -> None:
    diary = Diary().session(0, TOP).session(1, TOP).session(2, TOP)
    assert diary.session(3, (9.6, 9.5, 9.5, 9.5)).severities("A8") == []


def test_two_maxima_are_no_run() -> None:
    diary = Diary().session(0, (9.5, 9.5, 9.5, 9.5)).session(1, TOP).session(2, TOP)
    assert diary.session(3, (9.0, 9.0, 9.0, 9.0)).severities("A8") == []


def test_a_rating_within_half_a_point_of_the_maximum_is_one() -> None:
    near = (9.9, 9.9, 9.9, 9.8)
    assert sum(near) == 39.5
    diary = Diary().session(0, near).session(1, near).session(2, near)
    assert diary.session(3, (9.4, 9.4, 9.4, 9.3)).severities("A8") == [2]


def test_the_fall_is_a_share_of_the_range_elsewhere() -> None:
    diary = Diary().total(0, 60, "WAI-SR").total(1, 60, "WAI-SR").total(2, 60, "WAI-SR")
    # 5 % of 48 points are 2.4
    assert diary.total(3, 58, "WAI-SR").severities("A8") == []
    again = Diary().total(0, 60, "WAI-SR").total(1, 60, "WAI-SR").total(2, 60, "WAI-SR")
    assert again.total(3, 57, "WAI-SR").severities("A8") == [2]
