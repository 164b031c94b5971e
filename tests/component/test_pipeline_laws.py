"""Whatever comes, and wherever it is cut or broken off: nothing raises, nothing is lost."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rupture_watch.contracts.topics import Channel
from rupture_watch.pipeline import Pipeline
from tests.builders import a_form, a_frame_fact, an_appointment, canonical, on, the_rules
from tests.histories import stories
from tests.records import PREFIX, ARecord, a_tick, binary_headers, event_of, record_of, topic_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from hypothesis.strategies import DataObject

    from rupture_watch.effects import Message, Record
    from rupture_watch.shard import Shard
    from tests.story import Story

LAW = settings(deadline=None, max_examples=25)
CASES = ("a", "b")
STEPS = ("decided", "durable", "published", "cleared", "told", "settled", "committed")


def a_log(data: DataObject) -> list[Record]:
    """Draw the records of one partition: two cases and ticks, in order of recording."""
    written: list[tuple[int, Record]] = []
    for case in CASES:
        story: Story = data.draw(stories(most_sessions=6))
        written += [(fact.recorded, record_of(fact, case)) for fact in story.versions]
    ticks = data.draw(st.lists(st.integers(0, 90), max_size=4))
    written += [(on(day), a_tick(on(day))) for day in ticks]
    written.sort(key=lambda one: one[0])
    written.append((0, a_tick(on(120))))
    return [record for _, record in written]


class Broker:
    """What outlives a worker: the changelog folded, what was published, the committed offset."""

    def __init__(self, log: list[Record]) -> None:
        self.log = log
        self.states: dict[bytes, bytes] = {}
        self.published: list[Message] = []
        self.standings: dict[bytes, bytes | None] = {}
        self.committed = 0

    def write(self, changes: list[tuple[bytes, bytes | None]]) -> None:
        for key, state in changes:
            if state is None:
                self.states.pop(key, None)
            else:
                self.states[key] = state

    def alerts(self) -> dict[bytes, list[Message]]:
        """Return the alerts of each case in order; repetitions must be byte-identical."""
        seen: dict[bytes, Message] = {}
        by_case: dict[bytes, list[Message]] = {}
        for message in self.published:
            identity = dict(message.headers)["ce_id"]
            if identity not in seen:
                by_case.setdefault(message.key, []).append(message)
            assert seen.setdefault(identity, message) == message
        return by_case


def work(broker: Broker, batches: list[int]) -> Iterator[str]:
    """Work from the committed offset on, step by step; whoever stops asking kills the worker."""
    # Its own copy: the changelog outlives the worker, the store does not.
    shard = Pipeline(the_rules(), prefix=PREFIX).shard(0, dict(broker.states))
    yield from _deliver(broker, shard, shard.restored())
    position = broker.committed
    for size in batches:
        effects = shard.process(broker.log[position : position + size])
        position = min(len(broker.log), position + size)
        yield "decided"
        if effects.urgent:
            broker.write(shard.encode(effects.urgent))
            yield "durable"
            yield from _deliver(broker, shard, effects.urgent)
        if size % 2:
            yield from _checkpoint(broker, shard, position)
    shard.process(broker.log[position:])
    urgent = [key for key in shard.cases() if shard.outbox(key)]
    broker.write(shard.encode(urgent))
    yield from _deliver(broker, shard, urgent)
    yield from _checkpoint(broker, shard, len(broker.log))


def _deliver(broker: Broker, shard: Shard, keys: list[bytes]) -> Iterator[str]:
    for key in keys:
        for message in shard.outbox(key):
            broker.published.append(message)
            yield "published"
        shard.outbox_published(key)
        yield "cleared"


def _checkpoint(broker: Broker, shard: Shard, position: int) -> Iterator[str]:
    for message in shard.standings(100):
        broker.standings[message.key] = message.value
        yield "told"
    while changes := shard.take_dirty(1):
        broker.write(changes)
        yield "settled"
    broker.committed = position
    yield "committed"


def run(log: list[Record], batches: list[int], kills: list[int]) -> Broker:
    """Work through ``log``, killed after each of these numbers of steps, and once to the end."""
    broker = Broker(log)
    for steps in kills:
        worker = work(broker, batches)
        for _ in zip(range(steps), worker, strict=False):
            pass
    assert set(work(broker, batches)) <= set(STEPS)
    return broker


SIZES = st.lists(st.integers(1, 12), max_size=12)


@LAW
@given(st.data(), SIZES, SIZES)
def test_batches_of_any_size_publish_the_same_bytes(
    data: DataObject, one: list[int], other: list[int]
) -> None:
    log = a_log(data)

    first, second = run(log, one, []), run(log, other, [])

    assert first.alerts() == second.alerts()
    assert first.states == second.states
    assert first.standings == second.standings


@LAW
@given(st.data(), SIZES, st.lists(st.integers(1, 60), min_size=1, max_size=4))
def test_a_kill_between_any_two_steps_loses_and_invents_nothing(
    data: DataObject, batches: list[int], kills: list[int]
) -> None:
    log = a_log(data)

    steady, killed = run(log, batches, []), run(log, batches, kills)

    assert killed.alerts() == steady.alerts()
    assert killed.states == steady.states
    assert killed.standings == steady.standings


# garbage

JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**70), 2**70)
    | st.floats()
    | st.text(max_size=8)
    | st.sampled_from(["2025-01-06T10:00:00Z", "9999-12-31T23:59:60Z", "0001-01-01T00:00:00Z", ""]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner),
    max_leaves=6,
)
GOOD = [
    event_of(fact)
    for fact in (
        a_form("s1", 0),
        an_appointment("a1", 0, session="s1"),
        a_frame_fact("privacy_incident", 1),
    )
]


@st.composite
def spoilt(draw: st.DrawFn) -> Record:
    """Draw a valid event in which some attribute or field is something else."""
    event: dict[str, Any] = json.loads(canonical(draw(st.sampled_from(GOOD))))
    for part in (event, event["data"]):
        for name in draw(st.lists(st.sampled_from(sorted(part)), max_size=2)):
            part[name] = draw(JSON)
    topic = topic_of(draw(st.sampled_from(sorted(Channel))))
    record = ARecord(topic, b"case-1", json.dumps(event).encode())
    if draw(st.booleans()):
        record.headers = [("content-type", b"application/cloudevents+json; charset=utf-8")]
    elif draw(st.booleans()):
        record.headers = binary_headers(event)
        record.value = json.dumps(event["data"]).encode()
    return record


RAW = st.builds(
    ARecord,
    topic=st.sampled_from([*map(topic_of, Channel), "elsewhere"]),
    key=st.none() | st.binary(max_size=8),
    value=st.none() | st.binary(max_size=40),
    headers=st.lists(
        st.tuples(
            st.sampled_from(["ce_id", "ce_type", "ce_time", "content-type", "ce_subject"]),
            st.none() | st.binary(max_size=20),
        ),
        max_size=5,
    ),
    timestamp=st.sampled_from([-1, 0, 10**12, 2**62]),
)


@LAW
@given(st.lists(RAW | spoilt(), max_size=12))
def test_garbage_goes_to_the_dead_letters_and_the_case_goes_on(garbage: list[Record]) -> None:
    shard = Pipeline(the_rules(), prefix=PREFIX).shard(0, {})
    sound = [record_of(a_form("s9", 40), "sound"), record_of(a_form("s10", 47), "sound")]

    effects = shard.process([sound[0], *garbage, sound[1]])

    assert sum(effects.outcomes.values()) == len(garbage) + 2
    assert len(effects.dead_letters) == sum(
        count for (_, outcome), count in effects.outcomes.items() if outcome == "rejected"
    )
    assert all(one.record in garbage for one in effects.dead_letters)
    assert shard.case(b"sound").standing()["counts"]["facts"] == 2


@pytest.mark.parametrize("step", STEPS)
def test_the_schedule_of_kills_reaches_every_step(step: str) -> None:
    log: list[Record] = [record_of(a_frame_fact("privacy_incident", 1), "a"), a_tick(on(9))]

    assert step in set(work(Broker(log), [1]))
