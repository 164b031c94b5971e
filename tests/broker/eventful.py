"""Few events that make a worker write to every topic that it ever writes to."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from tests.builders import a_form, a_frame_fact, a_no_show, a_review
from tests.records import event_of

if TYPE_CHECKING:
    from rupture_watch.alliance.facts import Fact


def eventful() -> list[bytes]:
    """Return an alert's cause, a marked risk item, one event for each input, and one to refuse."""
    marked = a_form("s1", 0, None, instrument="PHQ-9", items=(("9", 2.0),), scores=())
    facts: list[Fact] = [
        *(a_frame_fact("privacy_incident", 0), marked, a_no_show(1), a_review("0" * 32, 1))
    ]
    refused = event_of(a_form("s2", 7))
    refused["data"]["respondent"] = "nobody"
    return [json.dumps(event).encode() for event in [*map(event_of, facts), refused]]
