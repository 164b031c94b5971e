"""The migration from one installation to another with a different number of partitions."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from pydantic import ValidationError

from rupture_watch.contracts.topics import INPUT_TYPES, OUTPUT_TYPES, Channel, topic_name
from rupture_watch.failures import Misconfigured
from rupture_watch.kafka.admin import Admin
from rupture_watch.kafka.spans import Span, SpanReader
from rupture_watch.kafka.topics import changelog_name, differences
from rupture_watch.kafka.transactions import AtomicProducer
from rupture_watch.operations import topics
from rupture_watch.operations.repartition.carrying import Carrier
from rupture_watch.operations.repartition.verifying import compare_states
from rupture_watch.settings import InvalidSettings, Settings

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from rupture_watch.kafka.admin import Place

STATES: Final = "states"


class NotNow(Misconfigured):
    """The migration may not run in this situation; the line says what to do first. Exit 78."""


@dataclass(slots=True)
class Migration:
    """What there is to carry, in offsets per topic, and what was; without ``go`` only the former.

    ``cases`` is how many states were compared, byte for byte, after copying; None where the new
    workers have begun, whose states have moved on since.
    """

    waiting: dict[str, int] = field(default_factory=dict)
    carried: dict[str, int] = field(default_factory=dict)
    cases: int | None = None


def renamed(settings: Settings, *, partitions: int, prefix: str, app_id: str) -> Settings:
    """Return the settings of the new installation.

    Raises:
        InvalidSettings: its topics would be those of the old one, or cannot have such names.
    """
    if prefix == settings.topic_prefix or app_id == settings.app_id:
        raise InvalidSettings("--prefix and --app-id: both must be new; the old topics stay")
    update = {"partitions": partitions, "topic_prefix": prefix, "app_id": app_id}
    try:
        Settings(kafka=settings.kafka, **update)  # type: ignore[arg-type] # it is what it checks
    except ValidationError:
        raise InvalidSettings("--prefix or --app-id: no name for a topic or group") from None
    return settings.model_copy(update=update)


async def repartition(
    old: Settings,
    new: Settings,
    *,
    go: bool,
    progress: Callable[[str, int], object],
) -> Migration:
    """Carry everything from the old installation to the new one; without ``go`` only look.

    ``progress`` is told the name of a topic and how many records of it were written.

    Raises:
        NotNow: the old workers run, or have written state after the new ones began.
        Unreachable, Refused, Unwritten, Overtaken: Kafka fails us, or another run has begun.
    """
    async with Admin(old.kafka) as admin, SpanReader(old.kafka) as reader:
        await _check(admin, old)
        plan = _Plan(admin, reader, old, new)
        if not go:
            return Migration(waiting={name: n for name, n in (await plan.waiting()).items() if n})
        await topics.create(new)
        for line in await differences(admin, new):
            raise NotNow(line)
        async with AtomicProducer(old.kafka, f"{new.app_id}-repartition") as producer:
            done = Migration(waiting=await plan.waiting())
            carrier = Carrier(reader, producer, group=plan.group, tell=progress)
            begun = bool(await admin.members(new.app_id) or await admin.committed(new.app_id))
            states = await plan.states()
            if any(span.offsets for span in states.values()):
                if begun:
                    raise NotNow(
                        f"there is state to copy, but workers of {new.app_id} have begun: theirs "
                        "would be written over. Stop them, start over with a new --app-id"
                    )
                done.carried[STATES] = await carrier.states(states, new)
            for place, span in (await plan.records()).items():
                name = place[0].removeprefix(old.topic_prefix)
                keyed = name != Channel.RULESETS
                count = await carrier.records(place, span, new.topic_prefix + name, keyed=keyed)
                done.carried[name] = done.carried.get(name, 0) + count
        if not begun:
            done.cases = await compare_states(reader, old, new)
        return done


async def _check(admin: Admin, old: Settings) -> None:
    if members := await admin.members(old.app_id):
        raise NotNow(f"{members} workers of {old.app_id} are running: stop them first")


class _Plan:
    """What is left to carry."""

    def __init__(self, admin: Admin, reader: SpanReader, old: Settings, new: Settings) -> None:
        self._admin = admin
        self._reader = reader
        self._old = old
        self._new = new
        self.group = f"{new.app_id}-repartition"

    async def waiting(self) -> dict[str, int]:
        """Return the offsets left, per topic."""
        left: dict[str, int] = {}
        for place, span in {**await self.states(), **await self.records()}.items():
            name = place[0].removeprefix(self._old.topic_prefix)
            if place[0] == changelog_name(self._old.app_id):
                name = STATES
            left[name] = left.get(name, 0) + span.offsets
        return left

    async def states(self) -> dict[Place, Span]:
        """Return what is left of the changelog."""
        return await self._left([changelog_name(self._old.app_id)])

    async def records(self) -> dict[Place, Span]:
        """Return what is left of the events not committed, and of all that was published."""
        prefix = self._old.topic_prefix
        inputs = await self._left([topic_name(prefix, c) for c in INPUT_TYPES])
        read = await self._admin.committed(self._old.app_id, list(inputs))
        rest = {
            place: Span(max(span.first, read.get(place, 0)), span.end)
            for place, span in inputs.items()
        }
        return rest | await self._left([topic_name(prefix, c) for c in OUTPUT_TYPES])

    async def _left(self, names: Iterable[str]) -> dict[Place, Span]:
        found = await self._admin.topics()
        if absent := [name for name in names if name not in found]:
            raise NotNow(f"{absent[0]} is missing: are these the settings of the old installation?")
        places = [(name, n) for name in names for n in range(found[name].partitions)]
        done = await self._admin.committed(self.group, places)
        return {
            place: Span(max(span.first, done.get(place, 0)), span.end)
            for place, span in (await self._reader.spans(places)).items()
        }
