"""The very same core without a broker: events in order of arrival in, alert events out.

Ticks come from the events' own clock: one for each full hour of the largest ``recordedtime`` seen.
It is the oracle of every fault test and the base of every comparison of rule sets.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, BinaryIO

from rupture_watch.alliance.facts import HOUR
from rupture_watch.contracts import writing
from rupture_watch.contracts.reasons import Rejected
from rupture_watch.pipeline import Pipeline

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from pathlib import Path

    from rupture_watch.alliance.facts import Microseconds
    from rupture_watch.alliance.rules.catalogue import Catalogue
    from rupture_watch.contracts.reading import Incoming
    from rupture_watch.effects import Message
    from rupture_watch.shard import Shard

BEGINNING: Microseconds = -(2**63)


@dataclass(slots=True)
class Tally:
    """How many lines were read, accepted and refused, and how many alert events came out."""

    lines: int = 0
    accepted: int = 0
    rejected: int = 0
    alerts: int = 0
    reasons: dict[str, int] = field(default_factory=dict)


class Replay:
    """One run of the core over events in their order of arrival."""

    def __init__(self, catalogue: Catalogue) -> None:
        """Judge by ``catalogue``; start without any case."""
        pipeline = Pipeline(catalogue, prefix="")
        self._reader = pipeline.reader
        self._shard: Shard = pipeline.shard(0, {})
        self._newest: Microseconds = BEGINNING
        self._ticked: Microseconds = BEGINNING
        self.tally = Tally()

    def feed(self, line: bytes) -> Iterator[Message]:
        """Take in one line and yield the alert events that follow; a bad line yields none."""
        self.tally.lines += 1
        try:
            incoming = self._reader.read_line(line)
            urgent: dict[bytes, None] = {}
            self._shard.take(incoming.case.encode(), incoming, urgent)
        except Rejected as refused:
            self._refuse(refused)
            return
        self.tally.accepted += 1
        yield from self._told(urgent)
        yield from self._tick(incoming)

    def overhear(self, line: bytes) -> Iterator[Message]:
        """Take from a line only how late it is; its case is not judged."""
        try:
            incoming = self._reader.read_line(line)
        except Rejected:
            return
        yield from self._tick(incoming)

    def finish(self, until: Microseconds | None = None) -> Iterator[Message]:
        """Let the silence rules run on to ``until``, at least to the last full hour."""
        yield from self._pass(self._ticked if until is None else max(until, self._ticked))

    @property
    def cases(self) -> Iterator[bytes]:
        """Iterate over the cases' standings as canonical lines, sorted by case."""
        for key in self._shard.cases():
            case = self._shard.case(key)
            if case.erased is None:
                yield writing.canonical(case.standing())

    @property
    def shard(self) -> Shard:
        """Return the cases themselves."""
        return self._shard

    def trace(self) -> Iterator[bytes]:
        """Iterate over every judged fact of every case, as canonical lines."""
        for key in self._shard.cases():
            for line in self._shard.case(key).trace():
                yield writing.canonical(line)

    def _tick(self, incoming: Incoming) -> Iterator[Message]:
        self._newest = max(self._newest, incoming.fact.recorded)
        hour = self._newest - self._newest % HOUR
        if hour > self._ticked:
            yield from self._pass(hour)

    def _pass(self, time: Microseconds) -> Iterator[Message]:
        self._ticked = time
        urgent: dict[bytes, None] = {}
        try:
            self._shard.pass_time(time, urgent)
        except Rejected as refused:
            self._refuse(refused)
        yield from self._told(urgent)

    def _refuse(self, refused: Rejected) -> None:
        self.tally.rejected += 1
        reasons = self.tally.reasons
        reasons[refused.reason] = reasons.get(refused.reason, 0) + 1

    def _told(self, urgent: Iterable[bytes]) -> Iterator[Message]:
        for key in urgent:
            messages = self._shard.outbox(key)
            self._shard.outbox_published(key)
            self.tally.alerts += len(messages)
            yield from messages


def replay(
    lines: Iterable[bytes],
    catalogue: Catalogue,
    *,
    alerts: BinaryIO,
    cases: BinaryIO | None = None,
    trace: BinaryIO | None = None,
    until: Microseconds | None = None,
    progress: Callable[[int], Any] | None = None,
) -> Tally:
    """Run ``lines`` through the core and write what comes out, one JSON text a line."""
    run = Replay(catalogue)
    for number, line in enumerate(lines, start=1):
        if line.strip():
            alerts.writelines(
                writing.structured(message.value, message.headers) + b"\n"
                for message in run.feed(line)
            )
        if progress is not None:
            progress(number)
    alerts.writelines(
        writing.structured(message.value, message.headers) + b"\n" for message in run.finish(until)
    )
    if cases is not None:
        cases.writelines(line + b"\n" for line in run.cases)
    if trace is not None:
        trace.writelines(line + b"\n" for line in run.trace())
    return run.tally


def replay_files(
    events: Path,
    catalogue: Catalogue,
    *,
    alerts: Path,
    cases: Path | None = None,
    trace: Path | None = None,
    until: Microseconds | None = None,
    progress: Callable[[int], Any] | None = None,
) -> Tally:
    """Run the core over a file of events; see :func:`replay`."""
    with events.open("rb") as lines, alerts.open("wb") as out:
        case_file = cases.open("wb") if cases else None
        trace_file = trace.open("wb") if trace else None
        try:
            return replay(
                lines,
                catalogue,
                alerts=out,
                cases=case_file,
                trace=trace_file,
                until=until,
                progress=progress,
            )
        finally:
            for opened in (case_file, trace_file):
                if opened is not None:
                    opened.close()
