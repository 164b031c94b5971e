"""HL7 v2 messages in their usual form (ER7): segments, fields, components, one value at a time.

Read without a message profile: real senders end lines with LF, leave the last one open, repeat set
ids and put groups in any order. Source: HL7 v2.5.1, chapter 2.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final, NamedTuple

from rupture_watch.gateway.mapping.verdict import NotMapped, Why

if TYPE_CHECKING:
    from collections.abc import Iterator

START: Final = b"\x0b"
END: Final = b"\x1c\r"
MOST_SEGMENTS: Final = 5_000
_LEAST: Final = 8
_SEGMENT: Final = re.compile(r"[A-Z][A-Z0-9]{2}", re.ASCII)


class Message(NamedTuple):
    """One message: its segments as lists of fields, so that ``PID-3`` is ``fields[3]``."""

    segments: list[list[str]]
    component: str
    repetition: str
    escape: str
    subcomponent: str

    def all(self, name: str) -> Iterator[list[str]]:
        """Yield all segments of a name."""
        return (fields for fields in self.segments if fields[0] == name)

    def field(self, segment: str, number: int) -> str:
        """Return a field of the first segment of a name, ``""`` where it is absent or null."""
        for fields in self.all(segment):
            return _plain(fields, number)
        return ""

    def part(self, segment: str, number: int, component: int = 1) -> str:
        """Return one component of the first repetition of a field, unescaped."""
        return self.component_of(self.repetitions(self.field(segment, number))[0], component)

    def repetitions(self, text: str) -> list[str]:
        """Return the repetitions of a field."""
        return text.split(self.repetition)

    def component_of(self, text: str, number: int) -> str:
        """Return one component of a repetition, unescaped, up to its first subcomponent."""
        parts = text.split(self.component)
        found = parts[number - 1] if number <= len(parts) else ""
        return self._unescaped(found.split(self.subcomponent)[0]).strip()

    def _unescaped(self, text: str) -> str:
        if self.escape not in text:
            return text
        marks = {
            "F": "|",
            "S": self.component,
            "R": self.repetition,
            "E": self.escape,
            "T": self.subcomponent,
        }
        for letter, mark in marks.items():
            text = text.replace(f"{self.escape}{letter}{self.escape}", mark)
        return text


def _plain(fields: list[str], number: int) -> str:
    found = fields[number] if number < len(fields) else ""
    return "" if found == '""' else found


def messages(body: bytes) -> list[bytes]:
    """Return the single messages of a file or a stream of frames, each from its ``MSH``."""
    text = body.removeprefix(b"\xef\xbb\xbf").replace(START, b"\r").replace(END, b"\r")
    text = text.replace(b"\r\n", b"\r").replace(b"\n", b"\r")
    parts = re.split(rb"\r+(?=MSH)", text.strip(b"\r \x1c"))
    return [part for part in parts if part]


def read(body: bytes) -> Message:
    """Read one message; UTF-8, or else Latin-1, in which every byte is a letter.

    Raises:
        NotMapped: ``unreadable``.

    """
    try:
        text = body.decode()
    except UnicodeDecodeError:
        text = body.decode("latin-1")
    lines = [line for line in re.split(r"[\r\n]+", text.strip("\r\n\x0b\x1c ")) if line.strip()]
    if not lines or not lines[0].startswith("MSH") or len(lines[0]) < _LEAST:
        raise NotMapped(Why.UNREADABLE, "MSH")
    if len(lines) > MOST_SEGMENTS:
        raise NotMapped(Why.UNREADABLE, "segments")
    bar, marks = lines[0][3], lines[0][4:8]
    if len({bar, *marks}) != len(marks) + 1 or any(m.isalnum() or m.isspace() for m in marks):
        raise NotMapped(Why.UNREADABLE, "MSH-2")
    segments = []
    for line in lines:
        fields = line.split(bar)
        if not _SEGMENT.fullmatch(fields[0]):
            raise NotMapped(Why.UNREADABLE, "segment")
        # MSH-1 is the bar itself.
        segments.append([fields[0], bar, *fields[1:]] if fields[0] == "MSH" else fields)
    return Message(segments, *marks)
