"""Marked risk items: told on a topic of their own, beside all rules and never as an alert."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rupture_watch.alliance.scoring import score
from rupture_watch.contracts import writing
from rupture_watch.contracts.topics import Channel
from rupture_watch.effects import Message

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rupture_watch.alliance.facts import Form
    from rupture_watch.alliance.instruments import Registry


def safety_items(registry: Registry, case: str, form: Form) -> Iterator[Message]:
    """Yield one message per risk item that is marked: which form and item, never the value."""
    instrument = registry.find(form.instrument)
    if instrument is None or not instrument.risk_items:
        return
    for item in score(form, registry).risk:
        value, headers = writing.safety_item(case, form, item)
        yield Message(Channel.SAFETY, case.encode(), value, headers)
