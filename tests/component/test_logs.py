"""Log lines are JSON with a closed list of fields, and never carry an identifier."""

from __future__ import annotations

import io
import json
import logging
from typing import TYPE_CHECKING, Any

import pytest

from rupture_watch import logs

if TYPE_CHECKING:
    from collections.abc import Iterator

CANARY = "case-4711"


@pytest.fixture
def written() -> Iterator[io.StringIO]:
    root = logging.getLogger()
    handlers, level = root.handlers, root.level
    quiet = {name: logging.getLogger(name) for name in logs.QUIET}
    before = {name: (logger.level, logger.propagate) for name, logger in quiet.items()}
    stream = io.StringIO()
    logs.configure("INFO", stream)
    yield stream
    root.handlers = handlers
    root.setLevel(level)
    for name, (old, propagate) in before.items():
        quiet[name].setLevel(old)
        quiet[name].propagate = propagate


def _lines(written: io.StringIO) -> list[dict[str, Any]]:
    return [json.loads(line) for line in written.getvalue().splitlines()]


def test_an_own_line_is_one_json_object_with_listed_fields_only(written: io.StringIO) -> None:
    logging.getLogger("rupture_watch.stream").info(
        "ready", extra={"partitions": [0, 3], "case": CANARY}
    )
    [line] = _lines(written)
    assert line["event"] == "ready"
    assert line["level"] == "info"
    assert line["partitions"] == [0, 3]
    assert CANARY not in written.getvalue()


def test_arguments_never_enter_an_own_line(written: io.StringIO) -> None:
    logging.getLogger("rupture_watch.stream").info("seen %s", CANARY)
    assert CANARY not in written.getvalue()


@pytest.mark.parametrize("library", ["aiokafka.producer.producer", "faust.topics", "somebody"])
def test_a_line_of_a_library_says_where_it_comes_from_and_not_what(
    written: io.StringIO, library: str
) -> None:
    logging.getLogger(library).warning("sending key=%s", CANARY)
    logging.getLogger(library).warning(f"sending key={CANARY}")  # noqa: G004 - as libraries do
    first, _ = _lines(written)
    assert first["event"] == "library message"
    assert first["source"].startswith("test_logs.test_a_line_of_a_library")
    assert CANARY not in written.getvalue()


def test_an_exception_is_its_class_and_place_never_its_words(written: io.StringIO) -> None:
    try:
        int(CANARY)
    except ValueError:
        logging.getLogger("rupture_watch.stream").exception("internal error")
    [line] = _lines(written)
    assert line["error"] == "ValueError"
    assert line["raised"].startswith("test_an_exception_is_its_class_and_place")
    assert CANARY not in written.getvalue()


@pytest.mark.parametrize("library", logs.QUIET)
def test_libraries_are_quiet_below_a_warning(written: io.StringIO, library: str) -> None:
    logging.getLogger(library).info("chatter")
    logging.getLogger(f"{library}.inner").info("chatter")
    assert written.getvalue() == ""
