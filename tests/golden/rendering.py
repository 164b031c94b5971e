"""What a story led to, as a page to read: every alert event, then what stands at the end.

``python -m tests.golden.rendering tests/golden/stories/NAME.jsonl`` prints the page of a story, to
look at a difference; with ``--write`` it goes into the file beside the story, to be read and
judged before it is kept.
"""

from __future__ import annotations

import json
import re
import sys
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rupture_watch.contracts import writing
from rupture_watch.operations.replay import Replay
from rupture_watch.rulesets import load_catalogue

if TYPE_CHECKING:
    from collections.abc import Iterable

    from rupture_watch.alliance.facts import Microseconds
    from rupture_watch.alliance.rules.catalogue import Catalogue

STORIES = Path(__file__).parent / "stories"
UNTIL = re.compile(r"^Until (\S+)\.$", re.MULTILINE)


@cache
def _rules() -> Catalogue:
    return load_catalogue()


class Told:
    """Everything that came out of one story."""

    def __init__(self, lines: Iterable[bytes], until: Microseconds | None) -> None:
        """Run the lines through the core, and let time pass to ``until``."""
        run = Replay(_rules())
        messages = [message for line in lines for message in run.feed(line)]
        messages += run.finish(until)
        self.events: list[dict[str, Any]] = [
            json.loads(writing.structured(message.value, message.headers)) for message in messages
        ]
        self.rejected = run.tally.rejected
        self.cases: list[dict[str, Any]] = [json.loads(line) for line in run.cases]

    def page(self) -> list[str]:
        """Return the lines of the page."""
        names: dict[str, str] = {}
        shown = []
        for event in self.events:
            data = event["data"]
            name = names.setdefault(data["alert_id"], f"#{len(names) + 1}")
            shown += _event(name, event, names)
        shown.append("Standing:")
        for case in self.cases:
            for alert in case["alerts"]:
                name = names.get(alert["alert_id"], "historic")
                shown.append(f"  {name} {alert['state']}, {_whole(alert)}")
            shown += [f"  note {_finding(note)}" for note in case["notes"]]
        if shown[-1] == "Standing:":
            shown.append("  nothing")
        return shown


def _event(name: str, event: dict[str, Any], names: dict[str, str]) -> list[str]:
    data = event["data"]
    change = event["type"].removeprefix("org.rupturewatch.alert.").removesuffix(".v1")
    old = f", instead of {names[data['supersedes']]}" if "supersedes" in data else ""
    return [
        f"{event['time']} {change} {name} ({data['reason']}{old}): {_whole(data)}",
        f"  {data['headline']}",
        *(f"  {_finding(one)}" for one in data["findings"]),
    ]


def _whole(alert: dict[str, Any]) -> str:
    return f"severity {alert['severity']}, {alert['rupture_type']}, lead {alert['lead']}"


def _finding(finding: dict[str, Any]) -> str:
    concept, trigger = finding["concept"]["id"], finding["trigger"]
    status = "" if finding["status"] == "holds" else f", {finding['status']}"
    return f"{concept} {finding['severity']} {finding['type']} by {trigger['fact']}{status}"


def until_of(page: str) -> Microseconds | None:
    """Return the time that the page asks for, if it does."""
    from rupture_watch.contracts.wire import microseconds  # noqa: PLC0415 - the wire's own reading

    found = UNTIL.search(page)
    return microseconds(found[1]) if found else None


def main(paths: list[Path], *, write: bool) -> None:
    """Print the page of each story, or write it into the file beside it."""
    for path in paths:
        beside = path.with_suffix(".expected.md")
        text = beside.read_text("utf-8") if beside.exists() else "# \n\n\n\n```text\n```\n"
        page = "\n".join(Told(path.read_bytes().splitlines(), until_of(text)).page())
        if write:
            beside.write_text(f"{text[: text.index('```text')]}```text\n{page}\n```\n", "utf-8")
        else:
            sys.stdout.write(f"{page}\n")


if __name__ == "__main__":
    main([Path(one) for one in sys.argv[1:] if one != "--write"], write="--write" in sys.argv)
