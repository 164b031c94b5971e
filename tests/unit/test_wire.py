"""Moments as they cross a process boundary."""

from __future__ import annotations

import pytest

from rupture_watch.contracts.wire import microseconds, timestamp


@pytest.mark.parametrize(
    "text", ["0001-01-01T00:00:00Z", "0999-12-31T23:59:59.000001Z", "2025-02-17T10:57:36Z"]
)
def test_a_moment_of_any_year_is_written_as_it_was_read(text: str) -> None:
    assert timestamp(microseconds(text)) == text
