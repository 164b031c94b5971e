"""deploy/acls.yaml: the rights as machines read them, and as docs/security.md shows them."""

from __future__ import annotations

import re

import pytest

from rupture_watch.contracts.topics import INPUT_TYPES, OUTPUT_TYPES, Channel
from rupture_watch.kafka.acls import Entry, markdown, roles
from rupture_watch.settings import KafkaSettings, Settings, table
from tests.component.deployment import REPOSITORY

PAGE = (REPOSITORY / "docs" / "security.md").read_text("utf-8")
ROLES = {role.name: role for role in roles()}
HERE = Settings(topic_prefix="", app_id="app")


def test_the_page_shows_the_declared_rights() -> None:
    assert markdown() in PAGE


def test_the_page_speaks_of_settings_that_exist() -> None:
    known = {row.variable for row in table()}
    assert set(re.findall(r"\b(?:KAFKA|RUPTURE_WATCH)_[A-Z_]+", PAGE)) <= known
    mentioned = set(re.findall(r"KAFKA_[A-Z_]+", PAGE))
    assert mentioned >= {f"KAFKA_{n.upper()}" for n in KafkaSettings.model_fields if "token" in n}


def test_the_worker_reads_every_input_and_writes_every_output() -> None:
    rights = {(r.name, r.operation) for r in ROLES["worker"].resolved(HERE)}
    assert {(str(channel), "Read") for channel in INPUT_TYPES} <= rights
    written = {*OUTPUT_TYPES, Channel.TICKS, Channel.DEAD_LETTERS}
    assert {(str(channel), "Write") for channel in written} <= rights
    assert not {(str(channel), "Write") for channel in INPUT_TYPES} & rights


def test_no_right_is_on_a_prefix_or_on_everything() -> None:
    names = {right.name for role in roles() for right in role.resolved(HERE)}
    assert not [name for name in names if "*" in name or not name]


@pytest.mark.parametrize(
    "wrong",
    [
        {"operations": ["Read"]},
        {"topic": "alerts.v1", "group": "", "operations": ["Read"]},
        {"topic": "nowhere.v1", "operations": ["Read"]},
        {"topic": "alerts.v1", "operations": ["All"]},
    ],
    ids=str,
)
def test_a_wrong_entry_is_refused(wrong: dict[str, object]) -> None:
    with pytest.raises(ValueError, match="Entry"):
        Entry.model_validate(wrong)
