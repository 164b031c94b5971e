"""What a batch of records calls for."""

from __future__ import annotations

from rupture_watch.codec.case_state import has_outbox
from rupture_watch.contracts.topics import Channel
from tests.builders import (
    a_closure,
    a_form,
    amended,
    on,
    voided,
    weeks,
)
from tests.component.shards import KEY, a_shard, incident, letters
from tests.records import (
    ARecord,
    a_tick,
    event_of,
    in_binary_mode,
    record_of_event,
    records_of,
)


def test_an_alert_makes_its_case_urgent_until_it_is_published() -> None:
    shard = a_shard()

    effects = shard.process(records_of([incident()]))

    assert effects.urgent == [KEY]
    [(_, state)] = shard.encode([KEY])
    assert state is not None
    assert has_outbox(state)
    [message] = shard.outbox(KEY)
    assert (message.channel, message.key) == (Channel.ALERTS, KEY)
    assert dict(message.headers)["ce_type"] == b"org.rupturewatch.alert.raised.v1"
    shard.outbox_published(KEY)
    assert shard.outbox(KEY) == []
    [(_, state)] = shard.encode([KEY])
    assert state is not None
    assert not has_outbox(state)


def test_both_modes_say_the_same() -> None:
    facts = [*weeks(36.0, 36.0), incident(9), a_closure(20, "unplanned")]
    structured, binary = a_shard(), a_shard()

    structured.process(records_of(facts))
    effects = binary.process([in_binary_mode(event_of(fact)) for fact in facts])

    assert letters(effects) == []
    assert binary.outbox(KEY) == structured.outbox(KEY)
    assert binary.encode([KEY]) == structured.encode([KEY])


def test_an_unremarkable_event_makes_its_case_dirty_and_not_urgent() -> None:
    shard = a_shard()

    effects = shard.process(records_of(weeks(36.0)))

    assert effects.urgent == []
    assert shard.dirty == 1


def test_outcomes_are_counted_by_type() -> None:
    form = a_form("s1", 0)
    newer = amended(form, total=None)
    shard = a_shard()

    effects = shard.process(
        [*records_of([newer, newer, form]), a_tick(on(3)), ARecord("x", b"", b"")]
    )

    rated = "org.rupturewatch.session.rated.v1"
    assert effects.outcomes == {
        (rated, "accepted"): 1,
        (rated, "repeated"): 1,
        (rated, "superseded"): 1,
        ("tick", "accepted"): 1,
        ("unknown", "rejected"): 1,
    }


def test_the_traceparent_of_the_cause_goes_with_the_alert() -> None:
    parent = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
    shard = a_shard()

    shard.process([record_of_event({**event_of(incident()), "traceparent": parent})])

    assert dict(shard.outbox(KEY)[0].headers)["ce_traceparent"] == parent.encode()


def test_a_marked_risk_item_is_passed_on_once_and_without_its_value() -> None:
    items = tuple((str(number), 0.0) for number in range(1, 9))
    form = a_form("s1", 0, instrument="PHQ-9", items=(*items, ("9", 2.0)))
    shard = a_shard()

    [message] = shard.process(records_of([form, form, voided(form)])).safety

    assert message.channel is Channel.SAFETY
    assert message.value is not None
    assert b'"item":9' in message.value
    assert b"2.0" not in message.value
    assert shard.outbox(KEY) == []
