"""A script for the service's own pipeline: a small simulated clinic, and the core's own verdict."""

from __future__ import annotations

import json
import random
from functools import cache
from typing import TYPE_CHECKING, Any, Final

from rupture_watch.contracts.topics import INPUT_TYPES, Channel, channel_of_type, topic_name
from rupture_watch.contracts.wire import microseconds
from rupture_watch.kafka.binary_mode import to_binary
from rupture_watch.operations.simulate import simulate
from rupture_watch.pipeline import Pipeline
from rupture_watch.rulesets import load_catalogue
from rupture_watch.settings import Settings
from tests.faults import oracle
from tests.faults.counting_load import origin
from tests.simulation.script import Sending
from tests.simulation.world import CHANGELOG, PREFIX

if TYPE_CHECKING:
    from collections.abc import Mapping

    from rupture_watch.alliance.rules.catalogue import Catalogue
    from rupture_watch.stream.ledger import Place
    from tests.simulation.plan import Plan
    from tests.simulation.world import World

CLINICS: Final = 20
"""Different clinics; a seed takes one of them."""
CASES, WEEKS = 3, 14
POISON: Final = 0.03
"""Share of events of which only the first bytes arrive."""


@cache
def _catalogue() -> Catalogue:
    return load_catalogue()


@cache
def _clinic(number: int) -> list[Any]:
    events = [json.dumps(event).encode() for event in simulate(CASES, WEEKS, number)]
    return [to_binary(event) for event in events]


class AllianceScript:
    """A clinic's events within the seconds of a plan, in their order."""

    inputs = tuple(topic_name(PREFIX, channel) for channel in INPUT_TYPES)
    last_tick = "2026-06-03T00:00:00.000+00:00"

    def __init__(self, plan: Plan) -> None:
        rng = random.Random(plan.seed)
        span = max((event.at for event in plan.events), default=1.0)
        self.pipeline = Pipeline(_catalogue(), prefix=PREFIX)
        events = _clinic(plan.seed % CLINICS)
        moments = sorted(rng.uniform(0, span) for _ in events)
        self.sendings = [
            Sending(
                at,
                topic_name(PREFIX, channel_of_type(event.type) or Channel.FRAME),
                event.key,
                event.value[:5] if rng.random() < POISON else event.value,
                tuple(event.headers),
            )
            for at, event in zip(moments, events, strict=True)
        ]

    def check_commit(self, world: World, offsets: Mapping[Place, int]) -> None:
        """Leave this to the light pipeline, whose states say which events they know."""

    def judge(self, world: World, *, final: bool) -> None:
        """Judge the same records with the pure core, otherwise interleaved, and compare."""
        if not final:
            return
        catalogue, until = _catalogue(), microseconds(self.last_tick)
        received = [record for topic in self.inputs for record in world.records_of(topic)]
        settings = Settings(topic_prefix=PREFIX)
        foretold = oracle.foretell(catalogue, settings, received, until=until)
        states = world.folded(CHANGELOG)
        found = oracle.remembered(catalogue, states, until=until)
        assert found == foretold.standings, "a case does not stand where its facts put it"
        alerts = oracle.told(world.records_of(topic_name(PREFIX, Channel.ALERTS)))
        assert oracle.phantoms_and_gaps(alerts, foretold.standings) == ([], [])
        letters = world.records_of(topic_name(PREFIX, Channel.DEAD_LETTERS))
        refused = {origin(e): dict(e.headers)["x-rupture-watch-reason"].decode() for e in letters}
        assert refused == foretold.dead_letters, "dead letters"
        safety = world.records_of(topic_name(PREFIX, Channel.SAFETY))
        assert {(record.key, record.value) for record in safety} == foretold.safety
        standings = world.folded(topic_name(PREFIX, Channel.CASES))
        assert standings == oracle.summaries(catalogue, states, until=until), "standings"
