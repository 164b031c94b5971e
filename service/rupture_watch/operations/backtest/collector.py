"""The garbage collector for a long run over much that ends by itself."""

from __future__ import annotations

import gc
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

# A course is a few thousand objects without a cycle: looking for cycles every 700 allocations,
# CPython's default, costs a fifth of the time and finds nothing.
_SELDOM = (100_000, 50, 100)


@contextmanager
def rarely_collected() -> Iterator[None]:
    """Let the collector look seldom, and never at what was there before."""
    thresholds = gc.get_threshold()
    gc.collect()
    gc.freeze()
    gc.set_threshold(*_SELDOM)
    try:
        yield
    finally:
        gc.set_threshold(*thresholds)
        gc.unfreeze()
