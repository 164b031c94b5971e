"""From a Kafka record, or a line of a file, to a fact of a case. Raises nothing but ``Rejected``.

Stages, each with its reasons; a record is refused at the first that fails: size (``too_large``),
mode and envelope (``not_cloudevent``, ``bad_json``, ``invalid``), type (``unknown_type``,
``unknown_version``), key (``key_mismatch``), data (``bad_json``, ``invalid``), instrument
registry (``unknown_instrument``, ``invalid``, ``out_of_range``), clocks (``from_the_future``,
``too_late``).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, NamedTuple

from pydantic import TypeAdapter, ValidationError

from rupture_watch.alliance.facts import MINUTE
from rupture_watch.alliance.instruments import Registry
from rupture_watch.contracts.diagnosis import rejection, unknown_type
from rupture_watch.contracts.envelope import open_record, open_structured
from rupture_watch.contracts.inputs import INPUTS
from rupture_watch.contracts.notes import Homework
from rupture_watch.contracts.reasons import Reason, Rejected, Stage

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from rupture_watch.alliance.facts import Fact, Microseconds
    from rupture_watch.contracts.envelope import Envelope
    from rupture_watch.contracts.inputs import Input

__all__ = [
    "MAX_BYTES",
    "Incoming",
    "Reader",
    "Rejected",
    "read",
    "read_line",
    "refuse_future_recording",
]

# The largest form of the registry is below 2 kB; what is 30 times longer is no event of ours.
MAX_BYTES: Final = 65_536
CLOCK_SKEW: Final[Microseconds] = 5 * MINUTE

_FIELDS: Final = frozenset(Homework.__annotations__).union(
    *(one.model.__annotations__ for one in INPUTS.values())
)


class Incoming(NamedTuple):
    """One accepted event: its case, its fact, its type and its trace context."""

    case: str
    fact: Fact
    type: str
    traceparent: str | None


class _Type(NamedTuple):
    """How the data of one event type are read."""

    from_json: Callable[[bytes], Any]
    from_python: Callable[[object], Any]
    fact: Callable[[Any, Envelope, Registry], Fact]
    lateness: Microseconds


def _type(one: Input) -> _Type:
    validator = TypeAdapter(one.model).validator
    return _Type(validator.validate_json, validator.validate_python, one.fact, one.lateness)


_types: Final = {name: _type(one) for name, one in INPUTS.items()}


class Reader:
    """Reads events against one instrument registry; keeps nothing between two events."""

    __slots__ = ("_registry",)

    def __init__(self, registry: Registry) -> None:
        self._registry = registry

    def read(
        self,
        key: bytes | None,
        value: bytes | None,
        headers: Sequence[tuple[str, bytes | None]],
        *,
        expected: frozenset[str] | None = None,
    ) -> Incoming:
        """Read a Kafka record in either mode.

        ``expected`` are the types that its topic carries; None means all.

        Raises:
            Rejected: with the reason for the dead letter.

        """
        if value is not None and len(value) > MAX_BYTES:
            raise _too_large()
        envelope, data = open_record(value, headers)
        kind = _types.get(envelope.type)
        if kind is None or (expected is not None and envelope.type not in expected):
            raise unknown_type(envelope.type)
        if key != envelope.subject.encode():
            cause = "missing" if key is None else "key_mismatch"
            raise Rejected(Reason.KEY_MISMATCH, Stage.ENVELOPE, "KeyMismatch", f"key: {cause}")
        return self._incoming(kind, envelope, data)

    def read_line(self, line: bytes) -> Incoming:
        """Read one structured CloudEvent, as a line of a ``*.jsonl`` file holds it.

        Raises:
            Rejected: with the reason that its record would have on Kafka.

        """
        if len(line) > MAX_BYTES:
            raise _too_large()
        envelope, data = open_structured(line)
        kind = _types.get(envelope.type)
        if kind is None:
            raise unknown_type(envelope.type)
        return self._incoming(kind, envelope, data)

    def _incoming(self, kind: _Type, envelope: Envelope, data: object) -> Incoming:
        try:
            if isinstance(data, bytes):
                valid = kind.from_json(data)
            elif data is None:
                raise Rejected(Reason.INVALID, Stage.DATA, "ValidationError", "data: missing")
            else:
                valid = kind.from_python(data)
        except ValidationError as error:
            raise rejection(error, Stage.DATA, _FIELDS) from None
        fact = kind.fact(valid, envelope, self._registry)
        lateness = envelope.recorded - envelope.time
        if lateness < -CLOCK_SKEW:
            raise _untimely(Reason.FROM_THE_FUTURE, "time: after_recordedtime")
        if lateness > kind.lateness and not envelope.backfill:
            raise _untimely(Reason.TOO_LATE, "recordedtime: too_late")
        return Incoming(envelope.subject, fact, envelope.type, envelope.traceparent)


def refuse_future_recording(fact: Fact, received: Microseconds) -> None:
    """Refuse what was recorded after the broker received it: it would move clocks ahead.

    Raises:
        Rejected: ``from_the_future``.

    """
    if fact.recorded > received + CLOCK_SKEW:
        raise _untimely(Reason.FROM_THE_FUTURE, "recordedtime: after_received")


def _too_large() -> Rejected:
    return Rejected(Reason.TOO_LARGE, Stage.DECODE, "TooLarge", "value: too_large")


def _untimely(reason: Reason, message: str) -> Rejected:
    return Rejected(reason, Stage.CLOCK, "Untimely", message)


_default: Final = Reader(Registry.default())
read = _default.read
"""``Reader.read`` with the registry that is known without configuration."""
read_line = _default.read_line
"""``Reader.read_line`` with the registry that is known without configuration."""
