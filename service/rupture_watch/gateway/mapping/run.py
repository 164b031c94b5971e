"""The mapping of one body: what all its parts share, and how an event is made."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

from rupture_watch.alliance.facts import HOUR, MINUTE
from rupture_watch.contracts.wire import timestamp
from rupture_watch.contracts.writing import canonical
from rupture_watch.gateway.mapping.moments import local_day
from rupture_watch.gateway.mapping.verdict import Event, NotMapped, Tally, Unmapped, Why

if TYPE_CHECKING:
    from rupture_watch.alliance.facts import Microseconds
    from rupture_watch.alliance.instruments import Registry
    from rupture_watch.contracts.topics import EventType
    from rupture_watch.gateway.mapping.profile import Profile
    from rupture_watch.gateway.mapping.pseudonyms import Keyring, Names

SKEW: Final[Microseconds] = 5 * MINUTE
"""The contract's own tolerance for a time after its recording."""
EARLY: Final[Microseconds] = 12 * HOUR
"""How long before its start a session may be noted as held: a day's list filled in at once."""


@dataclass(slots=True)
class Run:
    """One body on its way through the mapping.

    ``received`` is when it came in, None where nobody says (a file looked at by hand): then each
    thing counts as recorded when it says so, else when it happened. ``version`` tells two
    deliveries apart whose content is the same and has no version of its own (an
    ``Idempotency-Key``). ``happened`` holds times that a notification tells of its resources.
    """

    profile: Profile
    keys: Keyring
    registry: Registry
    received: Microseconds | None = None
    backfill: bool = False
    version: str = ""
    tally: Tally = field(default_factory=Tally)
    happened: dict[str, Microseconds] = field(default_factory=dict)

    def names(self, identity: str) -> Names:
        """Return the pseudonyms of a patient."""
        return self.keys.names(f"{self.profile.namespace}|{identity}", self.received)

    def domain(self, system: str) -> str:
        """Return the common name of an identifier system or assigning authority."""
        return self.profile.patient.domains.get(system, system)

    def session(self, names: Names, moment: Microseconds, encounter: str | None) -> str:
        """Name the session of a moment: by its encounter where the mapping says so, else by day."""
        if encounter is not None and self.profile.sessions == "encounter":
            return names.of("session", self.profile.namespace, encounter)
        day = local_day(moment, self.profile.timezone)
        return names.of("session", names.identity, day)

    def unmapped(self, table: str, code: str, goes_to: str) -> None:
        """Count a code that the mapping does not know."""
        self.tally.unmapped[Unmapped(table, code, goes_to)] += 1

    def event(
        self,
        kind: EventType,
        names: Names,
        *,
        prefix: str,
        happened: Microseconds,
        recorded: Microseconds | None,
        version: str,
        data: dict[str, Any],
    ) -> Event:
        """Make an event; its id depends on what the source says, not on when it was received.

        So a repeated delivery is the same event. Of two sights of one fact that were recorded at
        the same time the contract takes the larger id: ``prefix`` decides, then.
        """
        said = {key: value for key, value in data.items() if value is not None}
        written = self.received if recorded is None else recorded
        if written is not None and happened > written + SKEW:
            happened = written
        token = version or self.version
        identity = names.of(
            "event",
            kind.value,
            token,
            timestamp(happened) if recorded else "",
            canonical(said).decode(),
        )
        event: Event = {
            "specversion": "1.0",
            "id": f"{prefix}-{identity}",
            "source": self.profile.source,
            "type": kind.value,
            "subject": names.case,
            "time": timestamp(happened),
        }
        if written is not None and written != happened:
            event["recordedtime"] = timestamp(written)
        if self.backfill:
            event["backfill"] = True
        return {**event, "datacontenttype": "application/json", "data": said}

    def held_at(
        self, start: Microseconds, recorded: Microseconds | None, path: str
    ) -> Microseconds:
        """Return when a session counts as held: its start, or when it was noted if that is earlier.

        Raises:
            NotMapped: ``invalid``: noted half a day or more before it was to begin.

        """
        written = self.received if recorded is None else recorded
        if written is None or start <= written + SKEW:
            return start
        if start - written > EARLY:
            raise NotMapped(Why.INVALID, path)
        self.tally.assumed["held_early"] += 1
        return written
