"""A child process that ends with its parent, even when the parent is killed."""

from __future__ import annotations

import ctypes
import os
import signal
import sys
from functools import partial
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

PR_SET_PDEATHSIG = 1
"""``prctl(2)``: the signal that the kernel sends when the parent thread ends. Linux only."""


def dies_with_parent() -> Callable[[], None] | None:
    """Return what the child runs before its program starts; None where the system has no such.

    To be called in the parent, on the thread that will start the child and outlives it: the
    library is loaded here, because a forked child should do as little as possible.
    """
    if sys.platform != "linux":
        return None
    return partial(_bind, ctypes.CDLL(None, use_errno=True).prctl, os.getpid())


def _bind(prctl: Callable[[int, int], int], parent: int) -> None:
    prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != parent:  # it died between the fork and the call above
        os.kill(os.getpid(), signal.SIGKILL)
