"""Crashes on demand between two steps of the commit order, for the fault tests.

``RUPTURE_WATCH_FAILPOINT=NAME`` or ``NAME:N`` ends the process at the first or ``N``-th time that
it comes past that point, as a kill would: nothing is flushed, nothing is closed.
"""

from __future__ import annotations

import os
from typing import Final

KILLED: Final = 137

POINTS: Final = (
    "after_decided",  # alerts are decided in memory only
    "after_state_durable",  # the outbox is in the changelog, its alerts are not published
    "after_alerts_published",  # published, the outbox still says so in the changelog
    "after_outbox_cleared",  # cleared in memory only
    "after_checkpoint_durable",  # all state is in the changelog, the offsets are not committed
    "after_offsets_committed",  # everything is done
)


class Failpoint:
    """The one point at which this process is to die, if any."""

    def __init__(self, armed: str) -> None:
        name, _, count = armed.partition(":")
        if name and name not in POINTS:
            raise ValueError(f"no such failpoint; one of {', '.join(POINTS)}")
        self._name = name
        self._left = int(count or 1)

    @classmethod
    def from_environment(cls) -> Failpoint:
        """Read which one is armed."""
        return cls(os.environ.get("RUPTURE_WATCH_FAILPOINT", ""))

    def passing(self, name: str) -> None:
        """Die here if this is the armed point and its time has come."""
        if name == self._name:
            self._left -= 1
            if self._left == 0:
                os._exit(KILLED)
