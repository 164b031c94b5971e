"""What is judged beside the page, in another process: charts, and why a session was not flagged.

Every function takes stored events and returns JSON, for both cross a process boundary.
"""

from __future__ import annotations

import json
from functools import lru_cache
from typing import TYPE_CHECKING, Final

from rupture_watch.alliance.wording import day
from rupture_watch.inbox.cases.folding import Stored
from rupture_watch.inbox.cases.picture import picture
from rupture_watch.operations.explain.sessions import sessions
from rupture_watch.rulesets import load_catalogue

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rupture_watch.alliance.rules.catalogue import Catalogue

PICTURED: Final = 20.0
"""Seconds within which a chart must be there."""
WHY: Final = 20.0
"""The same for the question why, which tries many forms."""


@lru_cache(maxsize=4)
def _catalogue(ruleset: str | None) -> Catalogue:
    return load_catalogue(ruleset)


def warm(ruleset: str | None) -> None:
    """Load the rules before the first reader waits for them."""
    _catalogue(ruleset)


def chart_of(ruleset: str | None, ref: str, lines: Sequence[bytes], clock: int) -> str:
    """Return the chart of a case."""
    catalogue = _catalogue(ruleset)
    return json.dumps(picture(Stored.read(ref, lines, clock, catalogue), catalogue))


def why_of(ruleset: str | None, ref: str, lines: Sequence[bytes], clock: int, session: str) -> str:
    """Return why one session was, or was not, asked about; null where there is no such session."""
    catalogue = _catalogue(ruleset)
    case = Stored.read(ref, lines, clock, catalogue).judged(catalogue)
    for judged in sessions(case, session):
        return json.dumps(
            {
                "session": judged.session,
                "day": day(judged.time),
                "time": judged.time,
                "asked": list(judged.asked),
                "noted": list(judged.noted),
                "sentence": judged.sentence,
            }
        )
    return "null"
