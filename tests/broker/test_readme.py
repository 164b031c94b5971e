"""The README's five lines send an event that the service accepts."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING

from rupture_watch.contracts.reading import read
from rupture_watch.contracts.topics import Channel, topic_name
from tests.faults.topic_reader import read_all

if TYPE_CHECKING:
    import pytest

    from rupture_watch.settings import Settings

README = Path(__file__).parents[2] / "README.md"


async def test_the_first_event_of_the_readme_arrives_and_is_read(
    topics: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    lines = re.search(r"```python\n(.*?)```", README.read_text("utf-8"), re.DOTALL)
    assert lines is not None
    monkeypatch.setenv("KAFKA_BOOTSTRAP", topics.kafka.bootstrap)
    name = topic_name(topics.topic_prefix, Channel.RATINGS)
    exec(lines[1].replace("alliance.ratings.v1", name), {})  # noqa: S102 - our own README
    records = await read_all(topics.kafka, name)
    assert [read(one.key, one.value, one.headers).case for one in records] == ["case-0231"]
