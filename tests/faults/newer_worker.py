"""A worker of the next release: it writes state version 2 and reads both.

What it adds is a number at the end of the body that the present release could not keep.
"""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

import msgspec

from rupture_watch import overlay
from rupture_watch.codec import case_state
from rupture_watch.settings import load
from rupture_watch.stream.worker import run

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rupture_watch.alliance.assessment import Case
    from rupture_watch.codec.case_state import OutboxEntry, PackedFacts

NEXT = case_state.STATE_VERSION + 1
HEADER = 10
ADDED = 42

_present = case_state.encode


def newer(state: bytes) -> bytes:
    """Return a state of the present version as the next release writes it."""
    body: list[Any] = msgspec.msgpack.decode(state[HEADER:])
    return bytes((NEXT,)) + state[1:HEADER] + msgspec.msgpack.encode([*body, ADDED])


def present(state: bytes) -> bytes:
    """Return a state of either version as the present release would have written it."""
    if state[0] != NEXT:
        return state
    body: list[Any] = msgspec.msgpack.decode(state[HEADER:])
    assert body.pop() == ADDED
    return bytes((NEXT - 1,)) + state[1:HEADER] + msgspec.msgpack.encode(body)


def _encode(case: Case, outbox: Sequence[OutboxEntry], facts: PackedFacts) -> bytes:
    return newer(_present(case, outbox, facts))


def _read(body: bytes | memoryview) -> Any:
    parts: list[Any] = msgspec.msgpack.decode(body)
    assert parts.pop() == ADDED
    return case_state.READERS[NEXT - 1](msgspec.msgpack.encode(parts))


def release() -> None:
    """Turn this process into the next release."""
    case_state.STATE_VERSION = NEXT
    case_state.READERS[NEXT] = _read
    overlay.encode = _encode  # type: ignore[attr-defined] # where it is called from


if __name__ == "__main__":
    release()
    sys.exit(run(load()))
