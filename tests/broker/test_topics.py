"""The declared topics on a real cluster: made once, and every difference named."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from rupture_watch.contracts.topics import Channel
from rupture_watch.kafka.admin import Admin, TopicPlan
from rupture_watch.kafka.topics import changelog_name, declared
from rupture_watch.operations.topics import check, create
from rupture_watch.settings import InvalidSettings

if TYPE_CHECKING:
    from rupture_watch.settings import Settings

pytestmark = pytest.mark.broker


async def test_a_new_cluster_lacks_every_topic(settings: Settings) -> None:
    lines = await check(settings)
    assert len(lines) == len(Channel) + 1  # and the changelog
    assert all(line.endswith("is missing: run `rupture-watch topics create`") for line in lines)


async def test_what_was_created_is_as_it_should_be(settings: Settings) -> None:
    created = await create(settings)
    assert sorted(created) == sorted(plan.name for plan in declared(settings, brokers=1))
    assert await check(settings) == []


async def test_creating_twice_makes_nothing_new(topics: Settings) -> None:
    assert await create(topics) == []


async def test_only_what_is_missing_is_created(topics: Settings) -> None:
    name = changelog_name(topics.app_id)
    async with Admin(topics.kafka) as admin:
        await admin.delete([name])
        assert name not in await admin.topics()
    assert await create(topics) == [name]


async def test_another_number_of_partitions_is_named_topic_by_topic(topics: Settings) -> None:
    more = topics.model_copy(update={"partitions": topics.partitions + 1})
    lines = await check(more)
    assert len(lines) == 6
    assert all("has 4 partitions, not the 5 of RUPTURE_WATCH_PARTITIONS" in line for line in lines)


async def test_a_changelog_that_is_not_compacted_is_named(settings: Settings) -> None:
    name = changelog_name(settings.app_id)
    async with Admin(settings.kafka) as admin:
        await admin.create([TopicPlan(name, 4, 1, {"cleanup.policy": "delete"})])
    await create(settings)
    lines = await check(settings)
    assert f"{name} has cleanup.policy=delete, not compact: alter it" in lines


async def test_more_copies_than_brokers_is_a_wrong_setting(settings: Settings) -> None:
    three = settings.model_copy(update={"replication": 3})
    assert (await check(three))[0] == (
        "RUPTURE_WATCH_REPLICATION is 3, but the cluster has 1 broker"
    )
    with pytest.raises(InvalidSettings, match="RUPTURE_WATCH_REPLICATION is 3"):
        await create(three)
