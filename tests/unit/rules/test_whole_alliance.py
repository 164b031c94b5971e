"""Introduction: the alliance as a whole, goals, tasks, the real relationship, the start."""

from math import inf, nextafter

from rupture_watch.alliance.findings import RuptureType
from tests.unit.rules.diary import Diary

LOW = (7.0, 7.0, 7.0, 7.0)


def test_a_total_at_the_limit_is_silent_and_one_below_is_found() -> None:
    z = Diary().usual().session(5, LOW).point("total").deviation.z
    at = Diary(A1={"z": z, "ewma": -99.0}).usual().session(5, LOW)
    below = Diary(A1={"z": nextafter(z, inf), "ewma": -99.0}).usual().session(5, LOW)
    assert at.severities("A1", strained=False) == []
    assert below.severities("A1", strained=False) == [1]


def test_under_strain_a_smaller_fall_is_named() -> None:
    z = Diary().usual().session(5, LOW).point("total").deviation.z
    far = {"z": -99.0, "ewma": -99.0}
    at = Diary(A1=far | {"strained_z": z}).usual().session(5, LOW)
    below = Diary(A1=far | {"strained_z": nextafter(z, inf)}).usual().session(5, LOW)
    assert at.severities("A1") == []
    assert below.severities("A1") == [3]
    assert below.severities("A1", strained=False) == []


def test_an_ewma_at_the_limit_is_silent_and_one_below_is_found() -> None:
    ewma = Diary().usual().session(5, LOW).point("total").deviation.ewma
    at = Diary(A1={"z": -99.0, "ewma": ewma}).usual().session(5, LOW)
    below = Diary(A1={"z": -99.0, "ewma": nextafter(ewma, inf)}).usual().session(5, LOW)
    assert at.severities("A1", strained=False) == []
    assert below.severities("A1", strained=False) == [1]


def test_the_total_is_judged_from_the_third_prior_rating_on() -> None:
    assert Diary().usual(2).session(2, LOW).severities("A1") == []
    assert Diary().usual(3).session(3, LOW).severities("A1") == [3]


def test_without_strain_a_low_total_is_a_note() -> None:
    assert Diary().usual().session(5, LOW).severities("A1", strained=False) == [1]


def test_a_form_without_a_total_says_nothing_of_the_whole() -> None:
    diary = Diary()
    for week in range(6):
        diary.appointment(week, "attended")
        diary.form(week, scores={"relationship": 9.0 if week < 5 else 2.0})
    assert diary.severities("A1") == []
    assert diary.severities("A4") == [4]


def test_a_fall_of_goals_and_tasks_is_a_confrontation() -> None:
    [finding] = Diary().usual().session(5, (9.1, 6.0, 6.0, 9.0)).found("A1")
    assert finding.type is RuptureType.CONFRONTATION


def test_a_fall_of_the_bond_alone_is_a_withdrawal() -> None:
    [finding] = Diary().usual().session(5, (4.0, 9.1, 9.1, 9.0)).found("A1")
    assert finding.type is RuptureType.WITHDRAWAL


def test_a_miss_within_28_days_makes_a_fall_a_withdrawal() -> None:
    missed = Diary().usual().no_show(5).session(6, (9.1, 6.0, 6.0, 9.0))
    long_ago = Diary().usual().no_show(5).session(6, USUAL_ONE).session(7, USUAL_ONE)
    long_ago.session(8, USUAL_ONE).session(10, (9.1, 6.0, 6.0, 9.0))
    assert missed.found("A1")[0].type is RuptureType.WITHDRAWAL
    assert long_ago.found("A1")[0].type is RuptureType.CONFRONTATION


USUAL_ONE = (9.1, 9.0, 9.1, 9.1)


def test_a_fall_of_nothing_that_is_known_by_name_is_unclear() -> None:
    diary = Diary()
    for week, value in enumerate((90, 92, 91, 93, 40)):
        diary.appointment(week, "attended").total(week, value, "ACORN-ALLIANCE")
    assert diary.found("A1")[0].type is RuptureType.UNCLEAR


def test_goals_and_tasks_at_their_limit_are_silent_and_below_are_found() -> None:
    low = (9.1, 6.0, 6.0, 9.0)
    for rule, code in (("A2", "goal"), ("A3", "task")):
        z = Diary().usual().session(5, low).point(code).deviation.z
        at = Diary(**{rule: {"z": z, "line_z": -99.0}}).usual().session(5, low)
        below = Diary(**{rule: {"z": nextafter(z, inf), "line_z": -99.0}}).usual().session(5, low)
        assert at.severities(rule) == []
        assert len(below.severities(rule)) == 1


def test_goals_far_below_usual_are_found() -> None:
    goals = Diary().usual().session(5, (9.1, 6.0, 9.1, 9.0))
    assert goals.severities("A2") == [2]


def test_a_goals_line_below_nine_and_one_below_own_median_is_found() -> None:
    # usual goals: 9.0 9.2 9.1 9.0 9.1, median 9.1
    wide = {"z": -99.0, "line_z": 0.0}
    assert Diary(A2=wide).usual().session(5, (9.1, 8.1, 9.1, 9.0)).severities("A2") == [2]
    assert Diary(A2=wide).usual().session(5, (9.1, 8.2, 9.1, 9.0)).severities("A2") == []


def test_a_goals_line_of_nine_is_not_below_nine() -> None:
    diary = Diary(A2={"z": -99.0, "line_z": 0.0, "below_median": 0.5})
    for week in range(5):
        diary.session(week, (9.0, 9.8, 9.0, 9.0))
    assert diary.session(5, (9.0, 9.0, 9.0, 9.0)).severities("A2") == []
    assert diary.session(6, (9.0, 8.9, 9.0, 9.0)).severities("A2") == [2]


def test_the_goals_line_needs_a_fall_beyond_its_z() -> None:
    low = (9.1, 8.1, 9.1, 9.0)
    z = Diary().usual().session(5, low).point("goal").deviation.z
    assert Diary(A2={"z": -99.0, "line_z": z}).usual().session(5, low).severities("A2") == []


def test_lines_belong_to_forms_of_lines() -> None:
    diary = Diary(A2={"z": -99.0, "line_z": 0.0})
    for week, goal in enumerate((16, 17, 16, 17, 8)):
        diary.form(week, None, "WAI-SR", scores={"bond": 16, "task": 16, "goal": goal})
    assert diary.severities("A2") == []


def test_an_approach_line_that_falls_by_one_and_a_half_is_found() -> None:
    wide = {"z": -99.0, "line_z": 0.0}
    # the last usual approach is 9.0
    assert Diary(A3=wide).usual().session(5, (9.1, 9.0, 7.5, 9.0)).severities("A3") == [3]
    assert Diary(A3=wide).usual().session(5, (9.1, 9.0, 7.6, 9.0)).severities("A3") == []


def test_the_approach_line_needs_a_fall_beyond_its_z() -> None:
    low = (9.1, 9.0, 7.5, 9.0)
    z = Diary().usual().session(5, low).point("task").deviation.z
    at = Diary(A3={"z": -99.0, "line_z": z}).usual().session(5, low)
    below = Diary(A3={"z": -99.0, "line_z": nextafter(z, inf)}).usual().session(5, low)
    assert at.severities("A3") == []
    assert below.severities("A3") == [3]


def test_the_way_of_working_far_below_usual_is_found() -> None:
    assert Diary().usual().session(5, (9.1, 9.0, 5.0, 9.0)).severities("A3") == [3]
    assert Diary().usual().session(5, (9.1, 9.0, 8.9, 9.0)).severities("A3") == []


def _with_inventory(genuineness: float, bond: float, **numbers: float) -> Diary:
    diary = Diary(A6=numbers) if numbers else Diary()
    for week in range(5):
        last = week == 4
        diary.appointment(week, "attended")
        diary.form(week, (bond if last else 9.1, 9.0, 9.1, 9.0))
        scores = {"genuineness": genuineness if last else 16.0 + week % 2, "realism": 16.5}
        diary.form(week, None, "RRI-C", scores=scores)
    return diary


def test_genuineness_falls_while_the_bond_holds() -> None:
    [finding] = _with_inventory(8.0, 9.1).found("A6")
    assert finding.severity == 2
    assert finding.type is RuptureType.WITHDRAWAL
    assert finding.watch is not None
    assert finding.watch.key == ("RRI-C", "client", "genuineness")


def test_genuineness_that_falls_with_the_bond_is_no_matter_of_its_own() -> None:
    assert _with_inventory(8.0, 7.0).severities("A6") == []


def test_genuineness_and_bond_at_their_limits_are_silent() -> None:
    z = _with_inventory(12.0, 9.0).point("genuineness", "RRI-C").deviation.z
    bond_z = _with_inventory(12.0, 9.0).point("bond").deviation.z
    wide = {"z": nextafter(z, inf), "bond_above_z": nextafter(bond_z, -inf)}
    assert _with_inventory(12.0, 9.0, **wide).severities("A6") == [2]
    assert _with_inventory(12.0, 9.0, **(wide | {"z": z})).severities("A6") == []
    assert _with_inventory(12.0, 9.0, **(wide | {"bond_above_z": bond_z})).severities("A6") == []


def test_realism_counts_as_genuineness_does() -> None:
    diary = Diary()
    for week in range(5):
        scores = {"genuineness": 16.5, "realism": 8.0 if week == 4 else 16.0 + week % 2}
        diary.session(week, USUAL_ONE).form(week, None, "RRI-C", scores=scores)
    assert diary.severities("A6") == [2]


def test_the_inventory_alone_says_nothing_of_the_bond() -> None:
    diary = Diary()
    for week in range(5):
        value = 8.0 if week == 4 else 16.0
        diary.form(week, None, "RRI-C", scores={"genuineness": value, "realism": 16.5})
    assert diary.severities("A6") == []


def test_a_first_rating_below_thirty_is_found() -> None:
    assert Diary().session(0, (7.5, 7.5, 7.5, 7.4)).severities("A7") == [2]
    assert Diary().session(0, (7.5, 7.5, 7.5, 7.5)).severities("A7") == []


def test_the_start_ends_with_session_three() -> None:
    low = (7.0, 7.0, 7.0, 7.0)
    assert Diary().usual(2).session(2, low).severities("A7") == [2]
    assert Diary().usual(3).session(3, low).severities("A7") == []


def test_the_start_of_a_case_that_is_not_known_is_not_judged() -> None:
    assert Diary().session(0, (7.0, 7.0, 7.0, 7.0)).severities("A7", truncated=True) == []


def test_a_tenth_percentile_counts_where_the_rule_set_names_one() -> None:
    named = Diary(A7={"p10": {"WAI-SR": 40}})
    assert named.total(0, 39, "WAI-SR").severities("A7") == [2]
    assert Diary(A7={"p10": {"WAI-SR": 40}}).total(0, 40, "WAI-SR").severities("A7") == []
    assert Diary().total(0, 20, "WAI-SR").severities("A7") == []
