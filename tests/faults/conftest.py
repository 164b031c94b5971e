"""The broker and the settings of the tests on a real broker, and the seeds of this run."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from tests.broker.conftest import broker, settings

if TYPE_CHECKING:
    import pytest

__all__ = ["broker", "settings"]

FIRST_SEED = int(os.environ.get("CHAOS_FIRST_SEED", "1"))
SEEDS = int(os.environ.get("CHAOS_SEEDS", "1"))


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Run a test that asks for a seed once per seed: ``CHAOS_SEEDS=10`` for ten."""
    if "seed" in metafunc.fixturenames:
        metafunc.parametrize("seed", range(FIRST_SEED, FIRST_SEED + SEEDS))
