"""The topics that an installation needs, and how a cluster differs from them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import yaml
from pydantic import BaseModel, ConfigDict, Field, field_validator

from rupture_watch.contracts.topics import Channel, topic_name
from rupture_watch.deployment import deployment_file
from rupture_watch.kafka.admin import TopicPlan

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from rupture_watch.kafka.admin import Admin, TopicFound
    from rupture_watch.settings import Settings

TABLE: Final = "cases"
"""The one table of the Faust application; its changelog is named after it."""
ENOUGH_COPIES: Final = 3
"""Copies that survive the loss of any one broker while two confirm every write."""


class Declaration(BaseModel):
    """One topic of ``deploy/topics.yaml``; the number of partitions is the installation's."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: str = ""
    purpose: str
    co_partitioned: bool = Field(default=False, alias="co-partitioned")
    configs: dict[str, str]

    @field_validator("configs", mode="before")
    @classmethod
    def _as_kafka_writes_them(cls, configs: Any) -> Any:
        return {k: str(v) for k, v in configs.items()} if isinstance(configs, dict) else configs


class Declarations(BaseModel):
    """The whole file: exactly the channels of the contract, and the state changelog."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    topics: list[Declaration]
    changelog: Declaration

    @field_validator("topics")
    @classmethod
    def _every_channel_once(cls, topics: list[Declaration]) -> list[Declaration]:
        if sorted(topic.name for topic in topics) != sorted(Channel):
            raise ValueError("must declare every channel of the contract exactly once")
        return topics


def declarations() -> Declarations:
    """Read the declared list that ships with the service."""
    text = deployment_file("topics.yaml").read_text("utf-8")
    return Declarations.model_validate(yaml.safe_load(text))


def changelog_name(app_id: str) -> str:
    """Return the name that Faust gives the state changelog."""
    return f"{app_id}-{TABLE}-changelog"


def declared(settings: Settings, *, brokers: int) -> list[TopicPlan]:
    """Return every topic as it should be on a cluster of this many brokers."""
    copies = settings.replication or min(ENOUGH_COPIES, brokers)
    safety = {"min.insync.replicas": "2" if copies >= ENOUGH_COPIES else "1"}
    listed = declarations()
    named = [(topic_name(settings.topic_prefix, Channel(t.name)), t) for t in listed.topics]
    named.append((changelog_name(settings.app_id), listed.changelog))
    return [
        TopicPlan(name, settings.partitions, copies, {**topic.configs, **safety})
        for name, topic in named
    ]


def co_partitioned(settings: Settings) -> set[str]:
    """Return the topics in which a case must have one and the same partition number."""
    listed = declarations()
    return {
        topic_name(settings.topic_prefix, Channel(topic.name))
        for topic in listed.topics
        if topic.co_partitioned
    } | {changelog_name(settings.app_id)}


async def differences(admin: Admin, settings: Settings) -> list[str]:
    """Compare the cluster with the declared topics; one line with its remedy per difference."""
    brokers = len(await admin.brokers())
    plans = declared(settings, brokers=brokers)
    found = await admin.topics()
    configs = await admin.configs([plan.name for plan in plans if plan.name in found])
    lines = [
        line
        for plan in plans
        for line in _differences(plan, found, configs, co_partitioned(settings))
    ]
    return [*too_many_copies(settings, brokers=brokers), *lines]


def too_many_copies(settings: Settings, *, brokers: int) -> list[str]:
    """Return the line that says so where more copies are asked for than there are brokers."""
    if not settings.replication or settings.replication <= brokers:
        return []
    plural = "broker" if brokers == 1 else "brokers"
    asked = f"RUPTURE_WATCH_REPLICATION is {settings.replication}"
    return [f"{asked}, but the cluster has {brokers} {plural}"]


def _differences(
    plan: TopicPlan,
    found: Mapping[str, TopicFound],
    configs: Mapping[str, Mapping[str, str]],
    together: set[str],
) -> Iterator[str]:
    topic = found.get(plan.name)
    if topic is None:
        yield f"{plan.name} is missing: run `rupture-watch topics create`"
        return
    if topic.partitions != plan.partitions and plan.name in together:
        yield (
            f"{plan.name} has {topic.partitions} partitions, not the {plan.partitions} of "
            "RUPTURE_WATCH_PARTITIONS: a case would be torn apart"
        )
    if topic.replication < plan.replication:
        yield f"{plan.name} has {topic.replication} of {plan.replication} copies: reassign it"
    present = configs.get(plan.name)
    for name, value in plan.configs.items() if present is not None else ():
        if present is not None and present.get(name) != value:
            yield f"{plan.name} has {name}={present.get(name)}, not {value}: alter it"


def missing(plans: Sequence[TopicPlan], found: Mapping[str, TopicFound]) -> list[TopicPlan]:
    """Return the topics that are not there yet."""
    return [plan for plan in plans if plan.name not in found]
