"""The criteria of sudden gains against the published package's own test vectors and example."""

from __future__ import annotations

import csv
import json
from statistics import fmean, stdev
from typing import TYPE_CHECKING, Any

import pytest

from benchmarks.accuracy.sudden_change import (
    Change,
    Criteria,
    gains,
    is_gain,
    is_loss,
    is_reversed,
    losses,
    reliable_change,
)

if TYPE_CHECKING:
    from pathlib import Path

SESSIONS = range(1, 13)
BDI = Criteria(cutoff=7)


@pytest.fixture(scope="module")
def vectors(data: Path) -> dict[str, Any]:
    text = (data / "suddengains_test_vectors.json").read_text("utf-8")
    read: dict[str, Any] = json.loads(text)
    return read


@pytest.fixture(scope="module")
def people(data: Path) -> dict[str, list[float | None]]:
    lines = _lines(data / "suddengains_sgdata_synthetic_bdi_rq.csv")
    return {
        str(int(float(row["id"]))): [
            float(row[f"bdi_s{n}"]) if row[f"bdi_s{n}"] else None for n in SESSIONS
        ]
        for row in csv.DictReader(lines)
    }


def _lines(path: Path) -> list[str]:
    return [line for line in path.read_text("utf-8").splitlines() if not line.startswith("#")]


def test_every_published_vector_of_gains_has_its_flags(vectors: dict[str, Any]) -> None:
    criteria = Criteria(vectors["crit1"], vectors["crit2_pct"])
    assert len(vectors["gains"]) == 11
    for vector in vectors["gains"]:
        flags = [is_gain(vector["x"], session, criteria) for session in (2, 3, 4)]
        assert flags == _flags(vector["flags_2to3_3to4_4to5"]), vector["x"]


def test_every_published_vector_of_losses_has_its_flags(vectors: dict[str, Any]) -> None:
    assert len(vectors["losses_crit1_minus7"]) == 4
    for vector in vectors["losses_crit1_minus7"]:
        flags = [is_loss(vector["x"], session, BDI) for session in (2, 3, 4)]
        assert flags == _flags(vector["flags"]), vector["x"]


def test_the_published_reliable_changes_come_out(vectors: dict[str, Any]) -> None:
    for row in vectors["rci"]:
        assert reliable_change(row["sd"], row["reliability"]) == pytest.approx(row["rc"], abs=1e-5)


def test_the_oracle_s_events_are_found_and_no_others(
    data: Path, people: dict[str, list[float | None]]
) -> None:
    rows = csv.DictReader(_lines(data / "suddengains_sgdata_oracle_events.csv"))
    expected = sorted(
        (
            int(row["id"]),
            row["kind"],
            Change(
                int(row["pregain_session_n"]), float(row["score_n"]), float(row["score_n_plus_1"])
            ),
        )
        for row in rows
    )
    found = [
        (int(person), kind, change)
        for person, scores in people.items()
        for kind, changes in (("gain", gains(scores, BDI)), ("loss", losses(scores, BDI)))
        for change in changes
    ]
    assert sorted(found) == expected


def test_the_published_description_of_the_example_comes_out(
    vectors: dict[str, Any], people: dict[str, list[float | None]]
) -> None:
    described = vectors["sgdata_describe"]
    by_person = {person: gains(scores, BDI) for person, scores in people.items()}
    found = [change for changes in by_person.values() for change in changes]
    sizes = [change.magnitude for change in found]
    assert len(found) == described["bysg"]["n"] == 24
    assert fmean(sizes) == pytest.approx(described["bysg"]["magnitude_m"], abs=0.5)
    assert stdev(sizes) == pytest.approx(described["bysg"]["magnitude_sd"], abs=0.005)
    reversals = sum(
        is_reversed(people[person], change)
        for person, changes in by_person.items()
        for change in changes
    )
    assert reversals == described["bysg"]["reversal_n"]
    assert len(people) == described["byperson"]["total_n"]
    assert sum(bool(changes) for changes in by_person.values()) == described["byperson"]["sg_n"]
    assert (
        sum(len(changes) > 1 for changes in by_person.values())
        == described["byperson"]["multiple_n"]
    )


def _flags(published: list[int | None]) -> list[bool | None]:
    return [None if flag is None else bool(flag) for flag in published]
