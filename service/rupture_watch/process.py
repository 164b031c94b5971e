"""A long-running part of the service as a process: one event loop, and how it ends."""

from __future__ import annotations

import asyncio
import logging
from typing import TYPE_CHECKING, Any

import uvloop

from rupture_watch.alliance.ruleset import RuleSetError
from rupture_watch.failures import MISCONFIGURED, UNAVAILABLE, Failure
from rupture_watch.kafka.admission import NOT_ALLOWED

if TYPE_CHECKING:
    from collections.abc import Coroutine

logger = logging.getLogger(__name__)


def run(work: Coroutine[Any, Any, None], *, unavailable: str = "no broker") -> int:
    """Run ``work`` on an event loop of its own; return 0 at its end, or its failure's exit code.

    A failure is one log line, never a traceback where it was foreseen. 70 when a part that is
    needed fails (start again: nothing is lost); 78 when the set-up is wrong or a right is missing
    (change it first). ``unavailable`` names the line of the former.
    """
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        try:
            runner.run(work)
        except (Failure, RuleSetError) as error:
            code = _exit_code(error)
            event = "unfit" if code == MISCONFIGURED else unavailable
            logger.critical(event, extra={"detail": str(error), "exit": code})
            return code
        except Exception:  # whatever it is: one line, and nothing is lost by starting again
            logger.critical("internal error", exc_info=True, extra={"exit": UNAVAILABLE})
            return UNAVAILABLE
    logger.info("stopped", extra={"exit": 0})
    return 0


def _exit_code(error: Failure | RuleSetError) -> int:
    if isinstance(error, RuleSetError) or isinstance(error.__cause__, NOT_ALLOWED):
        return MISCONFIGURED
    return error.exit_code
