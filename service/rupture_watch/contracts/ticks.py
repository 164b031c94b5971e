"""The virtual clock: one record per partition says how late it is. Internal, no CloudEvent."""

from typing import Final

from pydantic import TypeAdapter, ValidationError, with_config
from typing_extensions import TypedDict

from rupture_watch.alliance.facts import Microseconds
from rupture_watch.contracts.diagnosis import rejection
from rupture_watch.contracts.reasons import Reason, Rejected, Stage
from rupture_watch.contracts.wire import Timestamp, microseconds, wire


@with_config(wire())
class Tick(TypedDict):
    """A moment up to which silence is judged."""

    time: Timestamp


_validator: Final = TypeAdapter(Tick).validator


def read_tick(value: bytes | None) -> Microseconds:
    """Read the moment of a tick.

    Raises:
        Rejected: ``bad_json`` or ``invalid``.

    """
    try:
        return microseconds(_validator.validate_json(value or b"")["time"])
    except ValidationError as error:
        raise rejection(error, Stage.DATA, Tick.__annotations__) from None
    except ValueError:
        message = "data.time: no_such_day"
        raise Rejected(Reason.INVALID, Stage.DATA, "ValueError", message) from None
