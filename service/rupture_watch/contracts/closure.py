"""``case.closed``: the end of a case."""

from typing import Literal, Required, TypeAlias

from pydantic import StrictBool, with_config
from typing_extensions import TypedDict

from rupture_watch.alliance.facts import Closure
from rupture_watch.contracts.envelope import Envelope
from rupture_watch.contracts.wire import ENTERED_IN_ERROR, FactStatus, wire

Ending: TypeAlias = Literal["planned", "unplanned", "transferred", "erased"]


@with_config(wire())
class CaseClosed(TypedDict, total=False):
    """How a case ended; ``erased`` also removes everything that is known about it."""

    ending: Required[Ending]
    goals_met: StrictBool | None
    status: FactStatus | None


def closure_of(data: CaseClosed, envelope: Envelope) -> Closure:
    """Return the ending as a fact of its case."""
    return Closure(
        envelope.id,
        envelope.time,
        envelope.recorded,
        envelope.id,
        envelope.source,
        envelope.backfill,
        data.get("status") == ENTERED_IN_ERROR,
        data["ending"],
        data.get("goals_met"),
    )
