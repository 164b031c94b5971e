"""What every way out can do."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rupture_watch.delivery.log import Delivery
    from rupture_watch.delivery.results import Outcome


class Channel(Protocol):
    """One endpoint's way out."""

    async def deliver(self, deliveries: Sequence[Delivery]) -> Outcome:
        """Attempt these once, as one message; more than one only where they make a digest.

        The endpoint's own time limit holds; a failure of the network is an outcome.
        """

    async def close(self) -> None:
        """Let go of connections."""
