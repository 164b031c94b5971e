"""Mutation testing of the core: plant a fault, see whether a test of the core notices.

A seeded sample over all modules of ``alliance/``, judged by the core's unit tests, the laws last.
Mutants never touch a file: each one runs in a forked process that imports the changed module from
memory, so the tree may be worked on meanwhile, and many thousand packages are imported only once.
(mutmut mutates no decorated function and takes no sample; cosmic-ray rewrites files in place.)
"""

from __future__ import annotations

import argparse
import importlib.abc
import importlib.machinery
import importlib.util
import json
import os
import random
import signal
import sys
import time
from collections import Counter, defaultdict
from dataclasses import dataclass
from math import sqrt
from pathlib import Path

import hypothesis
import msgspec  # noqa: F401 - imported once, before the forks
import pydantic  # noqa: F401 - as above
import pytest
from mutators import Mutant, mutants

ROOT = Path(__file__).resolve().parent.parent
CORE = ROOT / "service" / "rupture_watch" / "alliance"
TESTS = ROOT / "tests" / "unit"
ABOUT_THE_CORE = ("rupture_watch.alliance", "tests.builders", "tests.unit.rules")
NOT_ITS_TESTS = ("simulate", "accuracy", "architecture", "backtest", "explain", "rulesets", "cli")
LAWS = "test_laws"
EXAMPLES = 20
"""Of each law; a mutant that twenty random histories do not show gets no more chances."""

SLOWEST = 5.0
"""A mutant that takes so many times as long as no mutant hangs: it counts as found."""

QUIETLY = ("-x", "-q", "-p", "no:cacheprovider", "--timeout=0", "--assert=plain")
KILLED, SURVIVED, HUNG = "killed", "survived", "hung"


@dataclass(frozen=True)
class Planted:
    """A mutant of the module in ``file``."""

    file: Path
    mutant: Mutant

    @property
    def module(self) -> str:
        """Return the dotted name of the module."""
        relative = self.file.relative_to(ROOT / "service").with_suffix("")
        parts = relative.parts[:-1] if relative.name == "__init__" else relative.parts
        return ".".join(parts)

    @property
    def told(self) -> str:
        """Return where and what, for people."""
        one = self.mutant
        place = f"{self.file.relative_to(CORE)}:{one.line}"
        return f"{place}: {one.before[:60]}  ->  {one.after[:60]}"


class _FromMemory(importlib.abc.MetaPathFinder, importlib.abc.Loader):
    """Finds one module in memory, whatever its file says."""

    def __init__(self, planted: Planted) -> None:
        self._planted = planted

    def find_spec(self, name, path=None, target=None):  # noqa: ANN001, ANN202, ARG002 - importlib's
        if name != self._planted.module:
            return None
        origin = str(self._planted.file)
        return importlib.util.spec_from_loader(name, self, origin=origin)

    def exec_module(self, module) -> None:  # noqa: ANN001 - importlib's
        code = compile(self._planted.mutant.source, str(self._planted.file), "exec")
        exec(code, module.__dict__)  # noqa: S102 - that is what a loader does


def core_tests(*, laws: bool = True) -> list[Path]:
    """Return the unit tests that are about the core, the laws last."""
    found = [
        path
        for path in sorted(TESTS.rglob("test_*.py"))
        if any(name in path.read_text("utf-8") for name in ABOUT_THE_CORE)
        and not any(word in path.name for word in NOT_ITS_TESTS)
        and (laws or not path.name.startswith(LAWS))
    ]
    return sorted(found, key=lambda path: path.name.startswith(LAWS))


def ordered(tests: list[Path], module: str) -> list[str]:
    """Return the tests, first those that name the module, last the laws."""
    names = {path: module in path.read_text("utf-8") for path in tests}
    first = sorted(tests, key=lambda path: (path.name.startswith(LAWS), not names[path]))
    return [str(path) for path in first]


def run(planted: Planted | None, tests: list[str], limit: float) -> str:
    """Run the tests in a process of its own; return what became of the mutant."""
    child = os.fork()
    if not child:
        _child(planted, tests)
    end = time.monotonic() + limit
    while True:
        done, status = os.waitpid(child, os.WNOHANG)
        if done:
            return SURVIVED if os.waitstatus_to_exitcode(status) == 0 else KILLED
        if time.monotonic() > end:
            os.kill(child, signal.SIGKILL)
            os.waitpid(child, 0)
            return HUNG
        time.sleep(0.02)


def _child(planted: Planted | None, tests: list[str]) -> None:
    code = 1
    try:
        silent = os.open(os.devnull, os.O_WRONLY)
        os.dup2(silent, 1)
        os.dup2(silent, 2)
        sys.dont_write_bytecode = True
        if planted is not None:
            sys.meta_path.insert(0, _FromMemory(planted))
        code = pytest.main([*QUIETLY, *tests])
    finally:
        os._exit(code)


def interval(hits: int, of: int) -> tuple[float, float]:
    """Return Wilson's 95 % interval of a share."""
    if not of:
        return 0.0, 1.0
    z, share = 1.96, hits / of
    middle = (share + z * z / (2 * of)) / (1 + z * z / of)
    margin = z * sqrt(share * (1 - share) / of + z * z / (4 * of * of)) / (1 + z * z / of)
    return middle - margin, middle + margin


def report(results: list[tuple[Planted, str]], of_all: int) -> float:
    """Print the table and the survivors; return the score."""
    by_module: dict[str, Counter[str]] = defaultdict(Counter)
    for planted, outcome in results:
        by_module[str(planted.file.relative_to(CORE))][outcome] += 1
    print(f"{'module':34}{'mutants':>8}{KILLED:>8}{HUNG:>6}{SURVIVED:>10}{'score':>7}")
    for module, counts in sorted(by_module.items()):
        every = counts.total()
        score = 1 - counts[SURVIVED] / every
        print(
            f"{module:34}{every:8}{counts[KILLED]:8}{counts[HUNG]:6}{counts[SURVIVED]:10}{score:7.0%}"
        )
    found = sum(outcome != SURVIVED for _, outcome in results)
    low, high = interval(found, len(results))
    score = found / len(results) if results else 0.0
    print(f"\n{found} of {len(results)} sampled mutants found (there are {of_all}):", end=" ")
    print(f"score {score:.1%}, 95 % interval {low:.1%} to {high:.1%}")
    survivors = sorted(planted.told for planted, outcome in results if outcome == SURVIVED)
    if survivors:
        print("\nsurvivors:")
        print("\n".join(f"  {one}" for one in survivors))
    return score


def main() -> int:
    """Sample, run, report; exit 1 where the score is below what is asked for."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        "--mutants", type=int, default=300, help="how many, of all modules together"
    )
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--only", default="", help="modules whose path contains this")
    parser.add_argument("--without-laws", action="store_true", help="quicker; a lower bound")
    parser.add_argument("--least", type=float, default=0.0, help="score below which it fails")
    parser.add_argument("--out", type=Path, help="JSON of every result")
    asked = parser.parse_args()

    sys.path[:0] = [str(ROOT / "service"), str(ROOT)]
    os.chdir(ROOT)
    hypothesis.settings.register_profile(
        "mutants", max_examples=EXAMPLES, derandomize=True, database=None, deadline=None
    )
    hypothesis.settings.load_profile("mutants")
    files = [one for one in sorted(CORE.rglob("*.py")) if asked.only in str(one.relative_to(CORE))]
    every = [Planted(file, one) for file in files for one in mutants(file.read_text("utf-8"))]
    rng = random.Random(asked.seed)  # noqa: S311 - a sample, not a secret
    sample = rng.sample(every, min(asked.mutants, len(every)))
    tests = core_tests(laws=not asked.without_laws)

    began = time.monotonic()
    if run(None, [str(path) for path in tests], 3600.0) != SURVIVED:
        print("the tests fail without any mutant: run them first", file=sys.stderr)
        return 2
    limit = SLOWEST * (time.monotonic() - began) + 10.0
    results = []
    for number, planted in enumerate(sample, start=1):
        outcome = run(planted, ordered(tests, planted.module), limit)
        results.append((planted, outcome))
        print(f"\r{number} of {len(sample)}", end="", file=sys.stderr, flush=True)
        if outcome == SURVIVED:
            print(f"\r{planted.told}", file=sys.stderr, flush=True)
    print(file=sys.stderr)
    score = report(results, len(every))
    if asked.out:
        rows = [{"mutant": planted.told, "outcome": outcome} for planted, outcome in results]
        asked.out.write_text(json.dumps(rows, indent=1) + "\n", "utf-8")
    return int(score < asked.least)


if __name__ == "__main__":
    sys.exit(main())
