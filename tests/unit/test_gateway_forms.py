"""Forms out of FHIR: scores, items and totals of any writing become one form each."""

from __future__ import annotations

from typing import Any

import pytest

from rupture_watch.gateway.mapping.mapper import Mapper
from rupture_watch.gateway.mapping.profile import load
from rupture_watch.gateway.mapping.pseudonyms import Keyring
from tests.ehr_bodies import CANARY, appointment, bundle, encounter, observation, response
from tests.mapped import data_of, mapped_of, reason_of


@pytest.fixture(scope="module")
def mapper() -> Mapper:
    return Mapper(load(), Keyring.example())


def test_at_the_same_moment_the_encounter_and_the_filled_form_win(mapper: Mapper) -> None:
    derived = observation(derivedFrom=[{"reference": "QuestionnaireResponse/elsewhere"}])
    for less, more in (
        (appointment(status="fulfilled"), encounter()),
        (derived, _phq([1] * 9, 9)),
    ):
        ids = [mapped_of(mapper, one).events[0]["id"] for one in (less, more)]
        assert ids == sorted(ids)


def test_a_filled_form_keeps_its_scores_and_zero_is_one(mapper: Mapper) -> None:
    data = data_of(mapper, response())
    assert data["scores"] == {"relationship": 4.5, "goals": 8, "approach": 0, "overall": 7.25}
    assert (data["instrument"], data["respondent"], data["status"]) == ("SRS", "client", "final")


@pytest.mark.parametrize(
    "answer",
    [
        {"valueDecimal": 9},
        {"valueInteger": 9},
        {"valueQuantity": {"value": 9}},
        {"valueString": "9"},
    ],
    ids=lambda answer: next(iter(answer)),
)
def test_a_total_may_be_written_in_any_way(answer: dict[str, Any], mapper: Mapper) -> None:
    items = [{"linkId": "total", "answer": [answer]}]
    assert data_of(mapper, response(item=items))["total"] == 9


def _phq(values: list[int], total: int) -> dict[str, Any]:
    form = load().instruments["PHQ-9"]
    codes = [code for code in form.items if code.startswith("44")]
    answers = ("LA6568-5", "LA6569-3", "LA6570-1", "LA6571-9")
    items = [
        {"linkId": f"/{code}", "answer": [{"valueCoding": {"code": answers[value]}}]}
        for code, value in zip(codes, values, strict=False)
    ]
    items.append({"linkId": "/44261-6", "answer": [{"valueDecimal": total}]})
    return response(
        questionnaire="http://loinc.org/q/44249-1", item=[{"linkId": "g", "item": items}]
    )


def test_items_win_over_a_total_that_contradicts_them(mapper: Mapper) -> None:
    mapped = mapped_of(mapper, _phq([0, 1, 2, 3, 0, 0, 0, 0, 1], 13))
    data = mapped.events[0]["data"]
    assert data["items"] == {"1": 0, "2": 1, "3": 2, "4": 3, "5": 0, "6": 0, "7": 0, "8": 0, "9": 1}
    assert "total" not in data
    assert mapped.tally.assumed == {"total_contradicts_items": 1}


def test_with_items_missing_the_stated_total_stays(mapper: Mapper) -> None:
    data = data_of(mapper, _phq([0, 1, 2], 9))
    assert (data["total"], data["missing_items"]) == (9, 6)


def test_an_answer_without_a_number_is_left_out_and_counted(mapper: Mapper) -> None:
    form = _phq([1] * 9, 9)
    form["item"][0]["item"][0]["answer"] = [{"valueCoding": {"code": "sometimes"}}]
    mapped = mapped_of(mapper, form)
    assert mapped.events[0]["data"]["missing_items"] == 1
    assert [one.code for one in mapped.tally.unmapped] == ["sometimes"]


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"questionnaire": None}, "unknown_instrument"),
        ({"questionnaire": "http://x/AUDIT-C"}, "unknown_instrument"),
        ({"status": "in-progress"}, "not_complete"),
        ({"status": "banana"}, "unmapped"),
        ({"item": []}, "no_value"),
        ({"item": [{"linkId": "goals", "answer": [{"valueDecimal": 40}]}]}, "out_of_range"),
        ({"authored": None, "meta": None}, "missing"),
    ],
)
def test_a_form_that_cannot_be_read_is_refused(
    changes: dict[str, Any], reason: str, mapper: Mapper
) -> None:
    assert reason_of(mapper, response(**changes)) == reason


def test_a_form_taken_back_names_the_same_form_even_without_answers(mapper: Mapper) -> None:
    taken_back = data_of(mapper, response(status="entered-in-error", item=[]))
    form = data_of(mapper, response())
    assert taken_back["status"] == "entered-in-error"
    assert taken_back["session_id"] == form["session_id"]


def test_a_therapists_form_is_told_from_a_clients(mapper: Mapper) -> None:
    data = data_of(mapper, response(source={"reference": "Practitioner/p1"}))
    assert data["respondent"] == "therapist"


def test_a_score_and_its_form_in_one_bundle_are_one_event(mapper: Mapper) -> None:
    derived = observation(derivedFrom=[{"reference": f"QuestionnaireResponse/{CANARY}-q1"}])
    mapped = mapped_of(mapper, bundle(derived, _phq([1] * 9, 9)))
    assert [one.reason for one in mapped.verdicts] == ["same_fact", None]
    assert "items" in mapped.events[0]["data"]


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"code": {"coding": [{"system": "http://loinc.org", "code": "44260-8"}]}}, "single_item"),
        ({"code": {"coding": [{"system": "http://loinc.org", "code": "44249-1"}]}}, "single_item"),
        ({"code": {"coding": [{"code": "75626-2"}]}}, "unknown_instrument"),
        ({"code": {"coding": [{"code": "8867-4"}]}, "category": None}, "other_resource"),
        ({"valueString": None}, "no_value"),
        ({"valueString": "twelve"}, "no_value"),
        ({"status": "preliminary"}, "not_complete"),
        ({"effectiveDateTime": "2026-03-02"}, "missing"),
    ],
)
def test_an_observation_that_states_no_score_makes_no_event(
    changes: dict[str, Any], reason: str, mapper: Mapper
) -> None:
    assert reason_of(mapper, observation(**changes)) == reason
