"""A file of events, to be read case by case.

A log is written in order of arrival, all cases interleaved; judging wants one case after the other.
Only where each case's lines are is kept, 16 bytes a line: a million events need no memory of their
facts, and are decoded twice instead.
"""

from __future__ import annotations

import mmap
from array import array
from contextlib import contextmanager
from typing import TYPE_CHECKING

from rupture_watch.alliance.facts import HOUR
from rupture_watch.contracts.reasons import Rejected

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from pathlib import Path

    from rupture_watch.alliance.facts import Fact, Microseconds
    from rupture_watch.contracts.reading import Incoming, Reader

REPORTED = 1_000
"""Lines between two calls of ``progress``."""


class CaseLog:
    """Which lines of a file speak of which case, and until when the file goes.

    ``events`` counts lines, ``refused`` those that no reader accepts. ``until`` is the last full
    hour of the largest ``recordedtime``: as far as time has passed for a replay of the file.
    """

    def __init__(self, path: Path) -> None:
        """Start without a line; ``read`` finds them."""
        self.path = path
        self.events = 0
        self.refused = 0
        self.until: Microseconds = 0
        self._places: dict[str, array[int]] = {}

    @classmethod
    def read(
        cls,
        path: Path,
        readers: Sequence[Reader],
        progress: Callable[[int], object] | None = None,
    ) -> CaseLog:
        """Find the lines of every case; a line counts if one of ``readers`` accepts it.

        ``progress`` is told now and then how many bytes went by.
        """
        log = cls(path)
        newest = start = 0
        with path.open("rb") as lines:
            for number, line in enumerate(lines, start=1):
                end = start + len(line)
                if line.strip():
                    newest = max(newest, log._line(line, start, end, readers))
                start = end
                if progress is not None and number % REPORTED == 0:
                    progress(end)
        log.until = newest - newest % HOUR
        return log

    def _line(self, line: bytes, start: int, end: int, readers: Sequence[Reader]) -> Microseconds:
        self.events += 1
        for reader in readers:
            incoming = _read(line, reader)
            if incoming is not None:
                places = self._places.get(incoming.case)
                if places is None:
                    places = self._places[incoming.case] = array("Q")
                places.extend((start, end))
                return incoming.fact.recorded
        self.refused += 1
        return 0

    def __len__(self) -> int:
        """Return how many cases there are."""
        return len(self._places)

    def __iter__(self) -> Iterator[str]:
        """Iterate over the cases' pseudonyms, sorted."""
        return iter(sorted(self._places))

    @contextmanager
    def opened(self) -> Iterator[Callable[[str, Reader], list[Fact]]]:
        """Open the file; give a function that reads a case's facts in order of arrival."""
        if not self._places:
            yield lambda _case, _reader: []
            return
        with (
            self.path.open("rb") as file,
            mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as text,
        ):

            def facts(case: str, reader: Reader) -> list[Fact]:
                places = self._places[case]
                read = (
                    _read(text[start:end], reader)
                    for start, end in zip(places[::2], places[1::2], strict=True)
                )
                return [incoming.fact for incoming in read if incoming is not None]

            yield facts


def _read(line: bytes, reader: Reader) -> Incoming | None:
    try:
        return reader.read_line(line)
    except Rejected:
        return None
