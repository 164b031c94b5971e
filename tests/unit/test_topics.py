"""The declared topics: complete, consistent, and fitting the cluster's size."""

from __future__ import annotations

import pytest
from pydantic import ValidationError

from rupture_watch.contracts.reading import MAX_BYTES
from rupture_watch.contracts.topics import INPUT_TYPES, Channel, topic_name
from rupture_watch.kafka.topics import (
    Declarations,
    changelog_name,
    co_partitioned,
    declarations,
    declared,
)
from rupture_watch.settings import Settings

SETTINGS = Settings(topic_prefix="t.", app_id="app", partitions=6)


def test_every_channel_and_the_changelog_are_declared() -> None:
    names = [plan.name for plan in declared(SETTINGS, brokers=3)]
    assert sorted(names) == sorted(
        [*(topic_name("t.", channel) for channel in Channel), "app-cases-changelog"]
    )


def test_all_that_a_case_lives_in_is_co_partitioned() -> None:
    together = {topic_name("t.", channel) for channel in [*INPUT_TYPES, Channel.TICKS]}
    assert co_partitioned(SETTINGS) == together | {changelog_name("app")}
    assert {plan.partitions for plan in declared(SETTINGS, brokers=3)} == {6}


@pytest.mark.parametrize(
    ("brokers", "asked", "copies", "in_sync"),
    [(1, None, 1, "1"), (2, None, 2, "1"), (3, None, 3, "2"), (9, None, 3, "2"), (9, 5, 5, "2")],
)
def test_copies_follow_the_cluster_unless_they_are_set(
    brokers: int, asked: int | None, copies: int, in_sync: str
) -> None:
    plans = declared(SETTINGS.model_copy(update={"replication": asked}), brokers=brokers)
    assert {plan.replication for plan in plans} == {copies}
    assert {plan.configs["min.insync.replicas"] for plan in plans} == {in_sync}


def test_states_and_standings_are_compacted_and_nothing_else_is() -> None:
    compacted = {
        plan.name
        for plan in declared(SETTINGS, brokers=3)
        if plan.configs["cleanup.policy"] == "compact"
    }
    assert compacted == {"t.cases.v1", "app-cases-changelog"}


def test_what_is_too_large_still_fits_the_inputs_and_its_dead_letter() -> None:
    listed = {topic.name: topic.configs for topic in declarations().topics}
    inputs = {int(listed[channel]["max.message.bytes"]) for channel in INPUT_TYPES}
    assert min(inputs) > 16 * MAX_BYTES
    assert int(listed[Channel.DEAD_LETTERS]["max.message.bytes"]) > max(inputs)


def test_a_forgotten_channel_is_refused() -> None:
    file = declarations().model_dump(by_alias=True)
    file["topics"] = file["topics"][1:]
    with pytest.raises(ValidationError, match="every channel of the contract exactly once"):
        Declarations.model_validate(file)
