"""What the README shows is what the service says."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

from rupture_watch.operations.replay import Replay
from rupture_watch.operations.tail.published import read_alert
from rupture_watch.operations.tail.sentences import block
from rupture_watch.rulesets import load_catalogue

if TYPE_CHECKING:
    from rupture_watch.effects import Message

ROOT = Path(__file__).parents[2]
STORY = ROOT / "schemas" / "examples" / "a_v_that_repairs.jsonl"


def as_record(message: Message) -> Any:
    return SimpleNamespace(
        topic="", partition=0, offset=0, timestamp=0, **message._asdict() | {"channel": None}
    )


def test_the_alert_in_the_readme_is_the_one_that_the_example_leads_to() -> None:
    run = Replay(load_catalogue())
    messages = [message for line in STORY.read_bytes().splitlines() for message in run.feed(line)]
    shown = block(read_alert(as_record(messages[0])), width=88).plain.rstrip()
    assert shown in (ROOT / "README.md").read_text("utf-8")
