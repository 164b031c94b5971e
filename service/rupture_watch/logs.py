"""Logs as one JSON object a line, with a closed list of fields.

A log line never carries an identifier or a value of an event. Own lines are a constant sentence
and fields from :data:`FIELDS`; a line of a library is reduced to where in its code it comes from,
because libraries format keys and whole messages into theirs. An exception is its class and place.
"""

from __future__ import annotations

import datetime as dt
import json
import logging
import sys
import traceback
from typing import TYPE_CHECKING, Final, TextIO

if TYPE_CHECKING:
    from collections.abc import Mapping

OWN: Final = "rupture_watch"

FIELDS: Final = frozenset(
    {
        "address",
        "cases",
        "detail",
        "error",
        "exit",
        "generation",
        "limit",
        "partition",
        "partitions",
        "records",
        "remedy",
        "seconds",
        "stage",
    }
)
"""Fields that an own line may carry; any other is dropped."""

DEPTH: Final = 4
"""Places of an exception that are logged."""

QUIET: Final = ("aiohttp", "aiokafka", "asyncio", "faust", "kafka", "mode")
"""Libraries of which only warnings are of interest here."""


class JsonLines(logging.Formatter):
    """Writes a record as one line of JSON, keeping to the closed list of fields."""

    def format(self, record: logging.LogRecord) -> str:
        """Return the line."""
        own = record.name.partition(".")[0] == OWN
        line: dict[str, object] = {
            "time": dt.datetime.fromtimestamp(record.created, dt.UTC).isoformat(
                timespec="milliseconds"
            ),
            "level": record.levelname.lower(),
            "logger": record.name,
            "event": record.msg if own else "library message",
        }
        if own:
            line |= {name: value for name, value in vars(record).items() if name in FIELDS}
        else:
            line["source"] = f"{record.module}.{record.funcName}:{record.lineno}"
        if record.exc_info and record.exc_info[0] is not None:
            line |= _reduced(record.exc_info[1])
        return json.dumps(line, default=str)


def configure(level: str, stream: TextIO | None = None) -> None:
    """Send every log line as JSON to ``stream``, standard error unless told otherwise."""
    handler = logging.StreamHandler(stream or sys.stderr)
    handler.setFormatter(JsonLines())
    root = logging.getLogger()
    root.handlers = [handler]
    root.setLevel(level)
    for name in QUIET:
        logger = logging.getLogger(name)
        logger.handlers = []
        logger.propagate = True
        logger.setLevel(max(logging.WARNING, logging.getLevelName(level)))


def _reduced(error: BaseException | None) -> Mapping[str, str]:
    """Return an exception's class and the innermost places it came through, never its words."""
    frames = traceback.extract_tb(error.__traceback__ if error else None)
    places = [f"{frame.name}:{frame.lineno}" for frame in reversed(frames[-DEPTH:])]
    return {"error": type(error).__name__, "raised": " < ".join(places)}
