"""From a validation error to a rejection: paths and kinds of errors, never a value."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from rupture_watch.contracts.reasons import Reason, Rejected, Stage
from rupture_watch.contracts.topics import EventType

if TYPE_CHECKING:
    from collections.abc import Container

    from pydantic import ValidationError

# What CloudEvents itself asks for; without it the record is no event at all.
_REQUIRED: Final = frozenset({"specversion", "id", "source", "type"})
_ROOT: Final = "event"
_SHOWN: Final = 3


def rejection(error: ValidationError, stage: Stage, fields: Container[str]) -> Rejected:
    """Return the rejection that a validation error means at this stage.

    ``fields`` are the contract's own names: a path shows nothing else, for the keys of a map of
    scores are the sender's words.
    """
    errors = error.errors(include_url=False, include_context=False, include_input=False)
    if any(one["type"] == "json_invalid" for one in errors):
        return Rejected(Reason.BAD_JSON, Stage.DECODE, "JSONDecodeError", "value: json_invalid")
    paths = [_path(one["loc"], stage, fields) for one in errors]
    reason = Reason.INVALID
    if stage is Stage.ENVELOPE and any(path == _ROOT or path in _REQUIRED for path in paths):
        reason = Reason.NOT_CLOUDEVENT
    shown = [f"{path}: {one['type']}" for path, one in zip(paths, errors, strict=True)]
    message = "; ".join(dict.fromkeys(shown[:_SHOWN]))
    if len(shown) > _SHOWN:
        message += f"; {len(shown) - _SHOWN} more"
    return Rejected(reason, stage, "ValidationError", message)


def unknown_type(event_type: str) -> Rejected:
    """Return the rejection of a type that is not read here: another version, or another type."""
    name, _, version = event_type.rpartition(".v")
    names = {known.rpartition(".v")[0] for known in EventType}
    is_version = name in names and version.isdecimal() and event_type not in set(EventType)
    reason = Reason.UNKNOWN_VERSION if is_version else Reason.UNKNOWN_TYPE
    return Rejected(reason, Stage.ENVELOPE, "UnknownType", f"type: {reason.value}")


def _path(location: tuple[int | str, ...], stage: Stage, fields: Container[str]) -> str:
    names = [part.removeprefix("ce_") if isinstance(part, str) else str(part) for part in location]
    shown = [name if name in fields or name.isdecimal() else "*" for name in names]
    if stage is Stage.DATA:
        shown.insert(0, "data")
    return ".".join(shown) or _ROOT
