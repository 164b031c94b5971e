"""A script for the light pipeline: its promises, held against what a schedule has left behind."""

from __future__ import annotations

import json
from collections import Counter, defaultdict
from typing import TYPE_CHECKING, Any, Final

from rupture_watch.stream.ledger import Place
from tests.faults.counting_load import origin
from tests.simulation.ordered import (
    ALERT_EVERY,
    BAD,
    DECODER,
    ONCE,
    RISK,
    OrderedPipeline,
    State,
    standing,
)
from tests.simulation.script import Sending
from tests.simulation.world import CHANGELOG, OUTPUTS, PREFIX

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tests.simulation.plan import Plan
    from tests.simulation.world import World

INPUTS: Final = (f"{PREFIX}ratings.v1", f"{PREFIX}attendance.v1")
ALERTS, CASES, SAFETY, DEAD_LETTERS = OUTPUTS


class LightScript:
    """The events of a plan, for the light pipeline."""

    inputs = INPUTS
    last_tick = "2031-01-01T00:00:00.000+00:00"

    def __init__(self, plan: Plan) -> None:
        self.pipeline = OrderedPipeline()
        self.sendings = [Sending(e.at, INPUTS[e.topic], e.key, e.value) for e in plan.events]
        self._durable: dict[int, dict[bytes, dict[str, int]]] = defaultdict(dict)
        self._read: dict[int, int] = defaultdict(int)

    def check_commit(self, world: World, offsets: Mapping[Place, int]) -> None:
        """Every event below a committed offset is in some durable state, or was refused."""
        for place, committed in offsets.items():
            if place.topic not in INPUTS:
                continue
            durable = self._durable_offsets(world, place.partition)
            last = {
                record.key: record.offset
                for record in world.partitions[place].records
                if record.offset < committed and record.value not in {BAD, ONCE}
            }
            for key, offset in last.items():
                reached = durable.get(key or b"", {}).get(place.topic, -1)
                assert reached >= offset, f"{place} committed to {committed}, {key!r} at {reached}"

    def _durable_offsets(self, world: World, number: int) -> dict[bytes, dict[str, int]]:
        history = world.partitions[Place(CHANGELOG, number)].history
        durable = self._durable[number]
        for record in history[self._read[number] :]:
            if record.key is not None and record.value is not None:
                durable[record.key] = DECODER.decode(record.value).offsets
        self._read[number] = len(history)
        return durable

    def judge(self, world: World, *, final: bool) -> None:
        """Compare what has come of the events with what had to."""
        judge(world, final=final)


def judge(world: World, *, final: bool) -> None:
    """Raise ``AssertionError``, naming the promise that is broken."""
    sent = [record for topic in INPUTS for record in world.records_of(topic)]
    taken = [record for record in sent if record.value != BAD]
    states = {key: DECODER.decode(state) for key, state in world.folded(CHANGELOG).items()}
    _states(taken, states)
    loud = [key for key, state in states.items() if not state.silent]
    assert not (final and loud), f"silence was not told: {loud}"
    _alerts(world, taken, states)
    _refused(world, sent)
    _standings(world, states)


def _states(taken: list[Any], states: dict[bytes, State]) -> None:
    counts = Counter(record.key for record in taken if record.value != ONCE)
    found = {key: state.events for key, state in states.items()}
    assert found == counts, f"states: {found} instead of {dict(counts)}"
    for record in taken:
        if record.value != ONCE:
            assert states[record.key].offsets[record.topic] >= record.offset, "states: offsets"
    unpublished = [key for key, state in states.items() if state.outbox]
    assert not unpublished, f"an outbox was left: {unpublished}"


def _alerts(world: World, taken: list[Any], states: dict[bytes, State]) -> None:
    revisions: dict[bytes, dict[int, bytes]] = defaultdict(dict)
    for record in world.records_of(ALERTS):
        content = json.loads(record.value)
        known = revisions[record.key].setdefault(content["revision"], record.value)
        assert known == record.value, f"a repetition differs: {known!r}, {record.value!r}"
    for key, told in revisions.items():
        assert sorted(told) == list(range(1, len(told) + 1)), f"a gap: {key!r} {sorted(told)}"
    for key, state in states.items():
        told = revisions.get(key, {})
        assert len(told) == state.revision, f"{key!r}: {len(told)} of {state.revision} revisions"
        assert told.get(state.revision, b"") == state.told, f"{key!r}: the last alert is another"
        alerted = {json.loads(value)["n"] for value in told.values()}
        due = set(range(ALERT_EVERY, state.events + 1, ALERT_EVERY))
        assert alerted >= due, f"{key!r}: no alert at {sorted(due - alerted)}"
    once = {record.key for record in taken if record.value == ONCE}
    assert set(revisions) <= set(states) | once, "a phantom"
    assert once <= set(revisions), f"no alert of {once - set(revisions)}"


def _refused(world: World, sent: list[Any]) -> None:
    letters: dict[Any, Any] = {}
    for letter in world.records_of(DEAD_LETTERS):
        same = (letter.key, letter.value, letter.headers)
        assert letters.setdefault(origin(letter), same) == same, (
            "a dead letter's repetition differs"
        )
    bad = {(r.topic, r.partition, r.offset) for r in sent if r.value == BAD}
    assert set(letters) == bad, f"dead letters: {set(letters) ^ bad}"
    safety = {tuple(json.loads(record.value)) for record in world.records_of(SAFETY)}
    risks = {(r.topic, r.partition, r.offset) for r in sent if r.value == RISK}
    assert safety == risks, f"safety items: {safety ^ risks}"


def _standings(world: World, states: dict[bytes, State]) -> None:
    told = world.folded(CASES)
    expected = {key: standing(state) for key, state in states.items()}
    assert told == expected, f"standings: {told} instead of {expected}"
