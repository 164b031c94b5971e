"""What would become of a file of events, line by line."""

from __future__ import annotations

from typing import TYPE_CHECKING, BinaryIO, Final, NamedTuple

from rupture_watch.contracts.reading import MAX_BYTES, Reader, Rejected

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from rupture_watch.contracts.reasons import Reason

_PIECE: Final = 1 << 20


class Verdict(NamedTuple):
    """What would become of one line; ``reason`` and ``message`` are None where it is accepted.

    ``line`` counts from 1. ``message`` names field paths and kinds of errors, never a value.
    """

    line: int
    reason: Reason | None = None
    message: str | None = None

    @property
    def accepted(self) -> bool:
        """Whether the service would take the event."""
        return self.reason is None


def validate_file(path: Path, reader: Reader) -> Iterator[Verdict]:
    """Judge every line of a file of structured events; blank lines are passed over.

    Any bytes are judged, in memory that does not grow with the length of a line.
    """
    with path.open("rb") as file:
        for number, line in enumerate(_lines(file), start=1):
            if not line.strip():
                continue
            try:
                reader.read_line(line)
            except Rejected as refused:
                yield Verdict(number, refused.reason, refused.message)
            else:
                yield Verdict(number)


def _lines(file: BinaryIO) -> Iterator[bytes]:
    """Yield lines without their end; of one that is too long just enough to be refused."""
    while line := file.readline(MAX_BYTES + 2):
        end = line
        while not end.endswith(b"\n") and (end := file.readline(_PIECE)):
            pass
        yield line.rstrip(b"\r\n")
