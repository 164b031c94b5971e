"""The rights that each part of an installation needs, out of ``deploy/acls.yaml``."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal, NamedTuple, TypeAlias

import yaml
from pydantic import BaseModel, ConfigDict, model_validator

from rupture_watch.contracts.topics import Channel, topic_name
from rupture_watch.deployment import deployment_file
from rupture_watch.kafka.topics import changelog_name

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rupture_watch.settings import Settings

Operation: TypeAlias = Literal["Read", "Write", "Create", "Describe", "DescribeConfigs"]
Kind: TypeAlias = Literal["topic", "group", "transactional-id"]


class Right(NamedTuple):
    """One operation on one resource; all names are literal, none a prefix."""

    kind: Kind
    name: str
    operation: Operation


class Entry(BaseModel):
    """Operations on one resource: a channel's topic or ``changelog``, a group, a transaction."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    topic: Channel | Literal["changelog"] | None = None
    group: str | None = None
    transaction: str | None = None
    operations: list[Operation]

    @model_validator(mode="after")
    def _one_resource(self) -> Entry:
        if sum(part is not None for part in (self.topic, self.group, self.transaction)) != 1:
            raise ValueError("exactly one of topic, group, transaction")
        return self

    def resource(self, settings: Settings) -> tuple[Kind, str]:
        """Return the kind and the name that the resource has in an installation."""
        if self.topic == "changelog":
            return "topic", changelog_name(settings.app_id)
        if self.topic is not None:
            return "topic", topic_name(settings.topic_prefix, Channel(self.topic))
        if self.group is not None:
            return "group", settings.app_id + self.group
        return "transactional-id", settings.app_id + str(self.transaction)

    @property
    def shown(self) -> str:
        """Return the resource for people, whatever the installation's names."""
        if self.topic is not None:
            name = "the state changelog" if self.topic == "changelog" else f"`{self.topic}`"
            return f"topic {name}"
        kind, suffix = (
            ("group", self.group)
            if self.group is not None
            else (
                "transactional id",
                self.transaction,
            )
        )
        return f"{kind} `APP_ID{suffix}`"


class Role(BaseModel):
    """One part of an installation and what it needs."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: str
    purpose: str
    rights: list[Entry]

    def resolved(self, settings: Settings) -> Iterator[Right]:
        """Yield every single right, with the names of an installation."""
        for entry in self.rights:
            kind, name = entry.resource(settings)
            for operation in entry.operations:
                yield Right(kind, name, operation)


class _File(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)

    roles: list[Role]


def roles() -> list[Role]:
    """Read the declared roles that ship with the service."""
    text = deployment_file("acls.yaml").read_text("utf-8")
    return _File.model_validate(yaml.safe_load(text)).roles


def markdown() -> str:
    """Return the declared rights as a table for people: a row per role and resource."""
    rows = ["| part | what it does | on | may |", "| --- | --- | --- | --- |"]
    for role in roles():
        name, purpose = f"`{role.name}`", role.purpose
        for entry in role.rights:
            rows.append(f"| {name} | {purpose} | {entry.shown} | {', '.join(entry.operations)} |")
            name = purpose = ""
    return "\n".join(rows) + "\n"
