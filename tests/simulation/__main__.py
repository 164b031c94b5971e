"""``python -m tests.simulation --seeds 10000``: schedules by the thousand, or one again.

``--seed N --verbose`` plays one schedule and prints its timeline. The order of sets depends on
Python's hash seed, so the command starts itself anew with a fixed one where it has another.
"""

from __future__ import annotations

import argparse
import os
import sys
from concurrent.futures import ProcessPoolExecutor
from itertools import islice
from multiprocessing import get_context
from time import monotonic
from typing import TYPE_CHECKING, Final

from tests.simulation.batch import play_chunk
from tests.simulation.plan import plan
from tests.simulation.traps import FOCUS, TRAPS

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from tests.simulation.batch import Work
    from tests.simulation.schedule import Outcome

CHUNK: Final = 50
NEWS: Final = 10.0
"""Seconds between two lines of progress."""
FAILED: Final = 1


def main(arguments: Sequence[str] | None = None) -> int:
    """Return 0 where every promise was kept in every schedule, 1 where one was broken."""
    parser = argparse.ArgumentParser(prog="python -m tests.simulation", description=__doc__)
    parser.add_argument("--seeds", type=int, default=10_000, help="how many schedules")
    parser.add_argument("--first", type=int, default=0, help="the first seed")
    parser.add_argument("--seed", type=int, help="play this one only")
    parser.add_argument("--processes", type=int, default=os.cpu_count() or 1)
    parser.add_argument("--enough", type=int, default=5, help="failures after which to stop")
    parser.add_argument("--verbose", action="store_true", help="print the timeline")
    parser.add_argument("--pipeline", choices=("light", "alliance"), default="light")
    parser.add_argument("--trap", choices=sorted(TRAPS), help="with this known fault put back in")
    options = parser.parse_args(arguments)
    if options.seed is not None:
        [outcome] = play_chunk(
            (range(options.seed, options.seed + 1), options.trap, options.pipeline)
        )
        return _tell([outcome], verbose=options.verbose, focus=FOCUS.get(options.trap, ()))
    return _sweep(options)


def _sweep(options: argparse.Namespace) -> int:
    started = told = monotonic()
    failed: list[Outcome] = []
    done = 0
    last = options.first + options.seeds
    chunks = [
        (range(first, min(first + CHUNK, last)), options.trap, options.pipeline)
        for first in range(options.first, last, CHUNK)
    ]
    with ProcessPoolExecutor(options.processes, mp_context=get_context("spawn")) as pool:
        for outcomes in _in_order(pool, chunks, 2 * options.processes):
            done += len(outcomes)
            for outcome in outcomes:
                if outcome.failure:
                    failed.append(outcome)
                    _say(f"seed {outcome.seed} fails")
            if monotonic() - told > NEWS:
                told = monotonic()
                _say(f"{done} of {options.seeds}, {done / (told - started):.0f} a second")
            if len(failed) >= options.enough:
                break
    seconds = monotonic() - started
    _say(f"{done} schedules in {seconds:.0f} s, {done / seconds:.0f} a second")
    return _tell(failed, verbose=options.verbose, focus=FOCUS.get(options.trap, ()))


def _in_order(pool: ProcessPoolExecutor, chunks: list[Work], ahead: int) -> Iterator[list[Outcome]]:
    """Yield the chunks' outcomes in order, with only so many of them under way."""
    left = iter(chunks)
    running = [pool.submit(play_chunk, chunk) for chunk in islice(left, ahead)]
    while running:
        yield running.pop(0).result()
        running += [pool.submit(play_chunk, chunk) for chunk in islice(left, 1)]


def _tell(outcomes: Sequence[Outcome], *, verbose: bool, focus: tuple[str, ...]) -> int:
    for outcome in outcomes:
        if verbose:
            _say(str(plan(outcome.seed, focus)))
            _say("\n".join(outcome.timeline))
        _say(f"seed {outcome.seed}: {outcome.failure or 'every promise was kept'}")
    return FAILED if any(outcome.failure for outcome in outcomes) else 0


def _say(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    if os.environ.get("PYTHONHASHSEED") != "0":
        fixed = {**os.environ, "PYTHONHASHSEED": "0"}
        os.execve(sys.executable, [sys.executable, "-m", "tests.simulation", *sys.argv[1:]], fixed)  # noqa: S606 - itself
    sys.exit(main())
