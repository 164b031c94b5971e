"""What is refused: bad input, and what a rule fails on; everything else goes on."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from rupture_watch import shard as shard_module
from rupture_watch.alliance import history
from rupture_watch.alliance.rules.frame import Privacy
from rupture_watch.contracts.reading import MAX_BYTES
from rupture_watch.contracts.reasons import Reason
from rupture_watch.contracts.topics import Channel
from tests.builders import (
    a_closure,
    a_form,
    a_frame_fact,
    a_no_show,
    amended,
    on,
    weeks,
)
from tests.component.shards import KEY, a_shard, incident, letters, settle
from tests.records import (
    ARecord,
    a_tick,
    event_of,
    record_of,
    record_of_event,
    records_of,
    topic_of,
)

if TYPE_CHECKING:
    from rupture_watch.alliance.course import Course
    from rupture_watch.alliance.facts import Fact
    from rupture_watch.alliance.findings import Finding


def broken(change: dict[str, Any], data: dict[str, Any] | None = None, **said: Any) -> ARecord:
    event = event_of(a_form("s1", 0))
    event = {**event, **change, "data": {**event["data"], **(data or {})}}
    return record_of_event(event, **said)


def late(days: float) -> ARecord:
    return record_of(a_form("s1", 0, recorded_after=days))


BAD: dict[Reason, ARecord] = {
    Reason.NOT_CLOUDEVENT: broken({}, headers=[]),
    Reason.BAD_JSON: broken({}, value=b'{"specversion":'),
    Reason.TOO_LARGE: broken({}, value=b" " * 70_000),
    Reason.UNKNOWN_TYPE: broken({"type": "com.example.other"}),
    Reason.UNKNOWN_VERSION: broken({"type": "org.rupturewatch.session.rated.v9"}),
    Reason.INVALID: broken({}, {"respondent": "dog"}),
    Reason.KEY_MISMATCH: broken({}, key=b"someone-else"),
    Reason.UNKNOWN_INSTRUMENT: broken({}, {"instrument": "NOPE"}),
    Reason.OUT_OF_RANGE: broken({}, {"total": 41}),
    Reason.FROM_THE_FUTURE: late(-1),
    Reason.TOO_LATE: late(14.01),
}


@pytest.mark.parametrize("reason", BAD, ids=str)
def test_bad_input_is_refused_once_with_its_reason(reason: Reason) -> None:
    shard = a_shard()
    record = BAD[reason]

    effects = shard.process([*records_of([a_form("s0", -7)]), record, *records_of([incident()])])

    assert letters(effects) == [reason]
    assert effects.dead_letters[0].record is record
    assert effects.urgent == [KEY]
    assert shard.case(KEY).standing()["counts"]["facts"] == 2


def test_what_was_recorded_after_the_broker_received_it_is_refused() -> None:
    shard = a_shard()
    form = a_form("s1", 0)
    received = form.recorded // 1_000

    assert letters(shard.process([record_of(form, timestamp=received - 5 * 60_000)])) == []
    effects = shard.process([record_of(form, timestamp=received - 5 * 60_000 - 1)])
    assert letters(effects) == [Reason.FROM_THE_FUTURE]


def test_an_event_on_the_wrong_topic_is_refused() -> None:
    record = record_of(incident(), topic=topic_of(Channel.RATINGS))

    assert letters(a_shard().process([record])) == [Reason.UNKNOWN_TYPE]


@pytest.mark.parametrize(
    "value", [None, b"", b"{}", b"[1]", b'{"time":"soon"}', b'{"time":1}', b"\xff"], ids=str
)
def test_a_broken_tick_is_refused(value: bytes | None) -> None:
    record = ARecord(topic_of(Channel.TICKS), None, value)

    assert len(a_shard().process([record]).dead_letters) == 1


def test_a_state_that_would_outgrow_a_message_refuses_further_facts(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    shard = a_shard()
    known = weeks(36.0, 36.0)
    shard.process(records_of(known))
    monkeypatch.setattr(shard_module, "LARGEST_STATE", MAX_BYTES)

    effects = shard.process(records_of([a_form("s9", 60)]))

    assert letters(effects) == [Reason.STATE_TOO_LARGE]
    again = shard.process(records_of(known))
    assert letters(again) == []
    assert letters(shard.process(records_of([a_closure(70, "erased")]))) == []
    assert shard.case(KEY).erased is not None


class Defect:
    """A rule that fails on one version of a fact until it is mended."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, fact: Fact) -> None:
        self.mended = False
        judge = Privacy.judge

        def fail(rule: Privacy, course: Course) -> Finding | None:
            if course.fact == fact and not self.mended:
                raise ZeroDivisionError
            return judge(rule, course)

        monkeypatch.setattr(Privacy, "judge", fail)


def test_a_failing_rule_costs_one_fact_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    bad = incident(8)
    defect = Defect(monkeypatch, bad)
    facts = [*weeks(36.0, 36.0), bad, *weeks(36.0, first=3), incident(20)]
    shard, spared = a_shard(), a_shard()

    effects = shard.process([*records_of(facts), *records_of([incident()], "other")])
    spared.process([*records_of([f for f in facts if f is not bad])])

    assert letters(effects) == [Reason.RULE_ERROR]
    assert effects.dead_letters[0].kind == "ZeroDivisionError"
    assert set(effects.urgent) == {KEY, b"other"}
    assert shard.encode([KEY]) == spared.encode([KEY])

    defect.mended = True
    assert letters(shard.process(records_of([bad]))) == []
    assert shard.case(KEY).standing()["counts"]["facts"] == len(facts)


def test_a_rule_that_fails_at_a_correction_leaves_the_version_before(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    good = incident(8)
    bad = amended(good, shared_cause=True)
    shard = a_shard()
    shard.process(records_of([good, *weeks(36.0)]))
    before = shard.encode([KEY])
    Defect(monkeypatch, bad)

    effects = shard.process(records_of([bad]))

    assert letters(effects) == [Reason.RULE_ERROR]
    assert shard.encode([KEY]) == before


def test_a_rule_that_fails_just_when_the_bound_forgets_has_forgotten_nothing(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    known, bad = [*weeks(36.0, 36.0), incident(40)], incident(50)
    shard = a_shard()
    shard.process(records_of(known))
    before = shard.encode([KEY])
    monkeypatch.setattr(history, "MOST_FACTS", len(known))
    Defect(monkeypatch, bad)

    effects = shard.process(records_of([bad]))

    assert letters(effects) == [Reason.RULE_ERROR]
    assert shard.encode([KEY]) == before
    assert shard.case(KEY).standing()["counts"]["facts"] == len(known)


def test_a_release_that_cannot_judge_a_stored_case_leaves_its_state_alone(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    good = incident(8)
    durable: dict[bytes, bytes] = {}
    first = a_shard(durable)
    first.process(records_of([good]))
    settle(first, durable)
    kept = dict(durable)
    defect = Defect(monkeypatch, good)
    shard = a_shard(durable)

    effects = shard.process(
        [*records_of(weeks(36.0)), a_tick(on(60)), *records_of([good], "other")]
    )

    assert letters(effects) == [Reason.RULE_ERROR] * 4
    assert shard.take_dirty(9) == []
    assert durable == kept
    defect.mended = True
    assert letters(a_shard(durable).process(records_of(weeks(36.0)))) == []


def test_a_rule_that_fails_when_time_passes_loses_no_fact_and_stops_no_other_case(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    facts = [a_frame_fact("goals_set", 0), *weeks(36.0), a_no_show(2)]
    shard = a_shard()
    shard.process([*records_of(facts, "sick"), *records_of(facts, "sound")])
    from rupture_watch.alliance.rules.corrective_experience import Persist  # noqa: PLC0415

    judge = Persist.judge

    def fail(rule: Persist, course: Course) -> Finding | None:
        if course.due is not None and course.case == "sick":
            raise ZeroDivisionError
        return judge(rule, course)

    with monkeypatch.context() as patch:
        patch.setattr(Persist, "judge", fail)
        effects = shard.process([a_tick(on(20))])

        assert letters(effects) == [Reason.RULE_ERROR]
        assert effects.urgent == [b"sound"]
        assert shard.case(b"sick").standing()["counts"]["facts"] == len(facts)

    durable: dict[bytes, bytes] = {}
    settle(shard, durable)
    mended = a_shard(durable)
    assert mended.process([a_tick(on(21))]).urgent == [b"sick"]
