"""The accuracy study's arithmetic, on verdicts made by hand and on published operating points."""

from __future__ import annotations

from math import nan

import pytest

from benchmarks.accuracy.cohorts import Course, Plan, Sighting, gather
from benchmarks.accuracy.detectors import DETECTORS
from benchmarks.accuracy.figures import Ranking, Sample, Statistic, window
from benchmarks.accuracy.limit import Knowing
from benchmarks.accuracy.study import Study
from benchmarks.accuracy.verdicts import Alarm, Finding, Verdict, hear, trace
from rupture_watch.alliance.facts import DAY
from rupture_watch.operations.simulate import Held, Label
from rupture_watch.operations.simulate.answers import GaussianClient
from rupture_watch.operations.simulate.dice import dice
from rupture_watch.operations.simulate.episodes import STEADY, Kind
from rupture_watch.operations.simulate.families import FAMILIES

WEEK = 7 * DAY


def course(number: int, onset: int | None = None, *, cohort: str = "null") -> Course:
    case = f"c{number:05d}-{cohort}"
    sessions = tuple(Held(f"{case}-s{n:02d}", n * WEEK, rated=True) for n in range(1, 17))
    label = Label(
        case=case,
        instrument="SRS",
        kind=Kind.NONE if onset is None else Kind.DIP,
        aspect="all",
        size=2.0,
        onset=onset,
        last=onset,
        jump=None,
        begins=None if onset is None else onset * WEEK,
        repaired=True,
        complete=True,
        ending="planned",
        sessions=sessions,
    )
    return Course(label, cohort, number, [Sighting() for _ in sessions])


def clients(nulls: int, episodes: int) -> list[Course]:
    return [course(n) for n in range(nulls)] + [
        course(n, 8, cohort="episode") for n in range(episodes)
    ]


def test_a_window_is_open_from_the_onset_until_the_session_after_the_last_is_over() -> None:
    assert window(course(0, 8).label) == (8 * WEEK, 10 * WEEK)
    assert window(course(0, 8).label, 2) == (8 * WEEK, 11 * WEEK)
    start, end = window(course(0, 16).label)
    assert (start, end - start) == (16 * WEEK, 14 * DAY)


def test_alarms_are_counted_per_hundred_rated_sessions_and_factual_ones_apart() -> None:
    courses = clients(50, 10)
    verdicts = {
        courses[0].label.case: Verdict(alarms=[Alarm(3 * WEEK, factual=False)] * 2),
        courses[1].label.case: Verdict(alarms=[Alarm(3 * WEEK, factual=True)]),
    }
    budget = Study(courses, verdicts, repetitions=20, seed=1).budget()
    statistical, everything, flagged, *_ = budget.values()
    assert statistical.value == pytest.approx(100 * 2 / 800)
    assert everything.value == pytest.approx(100 * 3 / 800)
    assert flagged.value == pytest.approx(2.0)
    assert statistical.low <= statistical.value <= statistical.high


def test_an_episode_is_found_inside_its_window_only() -> None:
    courses = clients(5, 4)
    at = [7.9, 8.0, 9.9, 10.0]
    verdicts = {
        one.label.case: Verdict(alarms=[Alarm(int(week * WEEK), factual=False)])
        for one, week in zip(courses[5:], at, strict=True)
    }
    found = Study(courses, verdicts, repetitions=20, seed=1).found()["dip 2"]
    assert found["found"].value == 50
    assert found["later"].value == 75
    assert found["delay"].value == pytest.approx(0.5)


def test_a_repair_counts_until_three_sessions_after_the_episode() -> None:
    courses = clients(5, 3)
    verdicts = {
        one.label.case: Verdict(
            alarms=[Alarm(8 * WEEK, factual=False)], repaired=[int(week * WEEK)]
        )
        for one, week in zip(courses[5:], (9.5, 11.5, 12.5), strict=True)
    }
    figures = Study(courses, verdicts, repetitions=20, seed=1).clinic()
    share = figures["repairs recognised of found episodes that heal, %"]
    assert share.value == pytest.approx(100 * 2 / 3)


def test_compliance_counts_at_the_jump_and_the_session_after_it() -> None:
    courses = clients(5, 4)
    for one in courses[5:]:
        one.label = one.label._replace(kind=Kind.COMPLIANCE, jump=10, last=11)
    verdicts = {
        one.label.case: Verdict(
            findings={("B1", "fact"): Finding("B1", severity, int(week * WEEK))}
        )
        for one, week, severity in zip(
            courses[5:], (9.9, 10.1, 11.9, 10.1), (3, 3, 3, 2), strict=True
        )
    }
    figures = Study(courses, verdicts, repetitions=20, seed=1).clinic()
    assert figures["sudden compliance named (severity >= 2), %"].value == 75
    assert figures["sudden compliance named (severity >= 3), %"].value == 50


def test_limits_keep_to_the_budget_and_a_perfect_ranking_has_an_area_of_one() -> None:
    courses = clients(40, 20)
    sample = Sample(courses, 20, 1)
    nulls = [Statistic([float(n * 16 + k) for k in range(16)], []) for n in range(40)]
    sharp = [Statistic([-1.0] * 7 + [1e6, 1e6] + [-1.0] * 7, []) for _ in range(20)]
    ranking = Ranking(sample, nulls, sharp)
    limit = ranking.limits(2.0).value[0]
    assert sum(ranking.counts(limit)) == pytest.approx(0.02 * 640, abs=1)
    assert ranking.found("all", ranking.limits()).value == 100
    area, precision = ranking.discrimination()
    assert area.value == pytest.approx(1)
    assert precision.value == pytest.approx(1)


def test_equal_values_give_half_an_area_and_the_prevalence_as_precision() -> None:
    sample = Sample(clients(10, 10), 5, 1)
    same = [Statistic([1.0] * 16, []) for _ in range(10)]
    area, precision = Ranking(sample, same, same).discrimination()
    assert area.value == pytest.approx(0.5)
    assert precision.value == pytest.approx(0.05)


def test_of_equal_values_a_share_spends_the_budget() -> None:
    sample = Sample(clients(10, 10), 5, 1)
    coarse = [Statistic([1.0] * 4 + [0.0] * 12, []) for _ in range(10)]
    same = [Statistic([0.0] * 7 + [1.0] * 9, []) for _ in range(10)]
    ranking = Ranking(sample, coarse, same)
    limits = ranking.limits(5.0)
    assert limits.value[0] == 1.0
    assert limits.share[0] == pytest.approx(0.05 * 160 / 40)
    assert ranking.found("all", limits).value == pytest.approx(20)


def test_a_missed_appointment_counts_where_it_lies() -> None:
    sample = Sample(clients(10, 1), 5, 1)
    flat = [Statistic([0.0] * 16, []) for _ in range(10)]
    episode = [Statistic([nan] * 16, [(int(8.5 * WEEK), 5.0)])]
    assert Ranking(sample, flat, episode).highest()[0] == 5.0


def test_alert_events_become_alarms_findings_and_repairs() -> None:
    def event(kind: str, reason: str, severity: int, **more: object) -> dict[str, object]:
        finding = {
            "concept": {"id": "A5"},
            "severity": severity,
            "status": "holds",
            "source": "ratings",
            "trigger": {"fact": "s8/SRS/client", "time": "2025-03-01T10:00:00Z"},
        }
        return {
            "type": f"org.rupturewatch.alert.{kind}.v1",
            "subject": "case",
            "time": "2025-03-01T10:00:00Z",
            "data": {
                "lead": "A5",
                "severity": severity,
                "reason": reason,
                "findings": [finding],
                **more,
            },
        }

    verdicts = {"case": Verdict()}
    hear(
        [
            event("raised", "new", 1),
            event("raised", "new", 2),
            event("amended", "new_evidence", 3),
            event("repaired", "recovered", 3),
            event("amended", "reopened", 3),
            event("raised", "late_data", 3, supersedes="0" * 32),
        ],
        verdicts,
    )
    verdict = verdicts["case"]
    assert len(verdict.alarms) == 2
    assert not verdict.alarms[0].factual
    assert [finding.severity for finding in verdict.findings.values()] == [3]
    assert len(verdict.repaired) == 1


def test_a_sessions_strain_is_the_highest_of_its_lines() -> None:
    verdicts = {"case": Verdict()}
    lines: list[dict[str, object]] = [
        {"case": "case", "session_id": "s1", "strain": 1.0, "compliance": 0},
        {"case": "case", "session_id": "s1", "strain": 2.0},
        {"case": "case", "session_id": None, "strain": 3.0, "time": "2025-03-01T10:00:00Z"},
    ]
    trace(lines, verdicts)
    assert verdicts["case"].strain == {"s1": 2.0}
    assert [strain for _, strain in verdicts["case"].missed] == [3.0]


@pytest.mark.parametrize(
    ("name", "published"),
    [
        ("SRS < 36 or fall of 1", 49.29),
        ("own mean - 1 SD", 11.31),
        ("own mean - 2 SD", 4.18),
        ("individuals chart", 2.28),
        ("EB z < -2", 1.81),
        ("EB z or EWMA", 2.05),
    ],
)
def test_incumbents_raise_as_many_false_alarms_as_published(name: str, published: float) -> None:
    detector = DETECTORS[name]
    alarms = clients = 0
    for number in range(1500):
        client = GaussianClient(dice("null", number), "SRS", spread=1, phi=0, aspect="all")
        one = course(number)
        for session, sighting in enumerate(one.sightings, start=1):
            sighting.client = round(sum(client.client(session, STEADY).scores.values()), 1)
        # The published rates are per 100 sessions from the second on.
        alarms += sum(value > detector.limit for value in detector.judge(one)[1:])
        clients += 1
    assert 100 * alarms / (15 * clients) == pytest.approx(published, rel=0.1)


@pytest.mark.parametrize("family", FAMILIES)
def test_who_knows_the_client_finds_more_than_who_does_not(family: str) -> None:
    plan = Plan(nulls=100, episodes=100, family=family, seed=3)
    courses: dict[str, Course] = {}
    assert sum(1 for _ in gather(plan, courses)) > 10_000
    sample = Sample(list(courses.values()), 10, 1)
    assert any(sighting.no_shows for one in sample.nulls for sighting in one.sightings)
    knowing = Knowing(plan)

    def ranking(judge: object) -> Ranking:
        nulls, episodes = (
            [Statistic(judge(one), []) for one in group]  # type: ignore[operator]
            for group in (sample.nulls, sample.episodes)
        )
        return Ranking(sample, nulls, episodes)

    informed = ranking(knowing.judge).discrimination()[0]
    ignorant = ranking(DETECTORS["EB z or EWMA"].judge).discrimination()[0]
    assert informed.value > ignorant.value + 0.05
    assert informed.value > 0.8
