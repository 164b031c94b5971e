"""What simulated clients answer, against the figures that the rules rest on."""

from __future__ import annotations

from math import sqrt
from statistics import fmean, stdev

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rupture_watch.alliance.baseline import Baseline
from rupture_watch.alliance.instruments import Registry
from rupture_watch.operations.simulate.answers import GaussianClient, apportion
from rupture_watch.operations.simulate.dice import dice
from rupture_watch.operations.simulate.episodes import (
    FIRST_ONSET,
    SHAPES,
    STEADY,
    Kind,
    Moment,
    State,
    draw,
)
from rupture_watch.operations.simulate.families import FAMILIES
from rupture_watch.operations.simulate.graded import GradedClient

SESSIONS = 16


def totals(client: GaussianClient | GradedClient, moments: dict[int, Moment]) -> list[float]:
    return [
        round(sum(client.client(session, moments.get(session, STEADY)).scores.values()), 1)
        for session in range(1, SESSIONS + 1)
    ]


@given(st.lists(st.floats(-5, 20), min_size=1, max_size=9), st.floats(0, 1))
def test_parts_keep_their_limits_and_add_up(wishes: list[float], share: float) -> None:
    total = round(share * 10 * len(wishes))
    parts = apportion(total, wishes, 0, 10)
    assert sum(parts) == total
    assert all(0 <= part <= 10 for part in parts)


def test_a_total_out_of_reach_is_refused() -> None:
    with pytest.raises(ValueError, match="outside"):
        apportion(41, [10, 10, 10, 10], 0, 10)


@pytest.mark.parametrize(
    ("instrument", "false_alarms", "dips_found"), [("SRS", 1.81, 0.36), ("WAI-SR", 1.92, 0.39)]
)
def test_own_baselines_find_as_much_here_as_in_the_published_operating_points(
    instrument: str, false_alarms: float, dips_found: float
) -> None:
    scale = Registry.default().get(instrument).total
    alarms = found = 0
    clients = 1500
    for number in range(clients):
        for moments in ({}, {9: Moment(State.RUPTURE, 2.0)}):
            client = GaussianClient(
                dice("points", instrument, number), instrument, spread=1, phi=0, aspect="all"
            )
            baseline = Baseline(scale)
            breaches = set()
            for session, total in enumerate(totals(client, moments), start=1):
                if session > 3 and baseline.judge(total).z < -2:
                    breaches.add(session)
                baseline.enter(total, winsorise=False)
            if moments:
                found += bool(breaches & {9, 10})
            else:
                alarms += len(breaches)
    # The published rate is per 100 sessions from the second on.
    assert 100 * alarms / (clients * (SESSIONS - 1)) == pytest.approx(false_alarms, rel=0.1)
    assert found / clients == pytest.approx(dips_found, rel=0.1)


@pytest.mark.parametrize("model", [GaussianClient, GradedClient])
@pytest.mark.parametrize("instrument", ["SRS", "WAI-SR"])
def test_a_fall_of_two_spreads_shows_as_about_two_spreads(
    model: type[GaussianClient | GradedClient], instrument: str
) -> None:
    gaps, spreads = [], []
    for number in range(400):
        client = model(dice("fall", number), instrument, spread=1, phi=0.2, aspect="all")
        usual = totals(client, {})
        low = [sum(client.client(9, Moment(State.RUPTURE, 2.0)).scores.values()) for _ in range(4)]
        gaps.append(fmean(usual) - fmean(low))
        spreads.append(stdev(usual))
    ratio = fmean(gaps) / sqrt(fmean(s * s for s in spreads))
    assert 1.7 < ratio < 2.4


def test_therapists_rate_lower_and_agree_a_little() -> None:
    mine, theirs = [], []
    for number in range(1500):
        client = GaussianClient(dice("pair", number), "WAI-SR", spread=1, phi=0, aspect="all")
        mine.append(sum(client.client(1, STEADY).scores.values()))
        theirs.append(sum(client.therapist().scores.values()))
    assert (fmean(theirs) - fmean(mine)) / 7.5 == pytest.approx(-0.41, abs=0.08)
    products = ((a - fmean(mine)) * (b - fmean(theirs)) for a, b in zip(mine, theirs, strict=True))
    assert fmean(products) / stdev(mine) / stdev(theirs) == pytest.approx(0.36, abs=0.07)


@pytest.mark.parametrize(("aspect", "code"), [("bond", "relationship"), ("task", "approach")])
def test_an_episode_falls_deepest_where_its_aspect_says(aspect: str, code: str) -> None:
    gaps: dict[str, list[float]] = {}
    for number in range(300):
        client = GaussianClient(dice("aspect", number), "SRS", spread=1, phi=0, aspect=aspect)
        usual = client.client(5, STEADY).scores
        low = client.client(6, Moment(State.RUPTURE, 3.0)).scores
        for line in usual:
            gaps.setdefault(line, []).append(usual[line] - low[line])
    means = {line: fmean(gap) for line, gap in gaps.items()}
    assert means[code] >= max(means.values()) - 0.15
    assert means[code] > min(means.values()) + 0.3


@pytest.mark.parametrize("family", FAMILIES.values(), ids=list(FAMILIES))
def test_episodes_come_after_three_ratings_and_have_a_state_of_their_own(
    family: object,
) -> None:
    shapes = FAMILIES[getattr(family, "name")].shapes  # noqa: B009 - any family
    for number in range(400):
        episode = draw(dice("episode", number), shapes, SESSIONS)
        assert episode.onset >= FIRST_ONSET
        assert episode.onset <= episode.last <= SESSIONS + 6
        assert episode.at(episode.onset - 1) is STEADY
        assert episode.at(episode.onset).state in (State.RUPTURE, State.QUIET, State.FRAME)
        assert (episode.jump is not None) == (episode.kind in (Kind.COMPLIANCE, Kind.REPAIR))


def test_too_short_a_case_has_no_episode() -> None:
    assert draw(dice("short"), SHAPES, 5).kind is Kind.NONE
