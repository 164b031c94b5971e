"""What every test may ask for: programs that must be there, and the reference data."""

from __future__ import annotations

import os
import shutil
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable

REPOSITORY = Path(__file__).parent.parent
REFERENCE_DATA = Path(
    os.environ.get("RUPTURE_WATCH_REFERENCE_DATA", REPOSITORY.parent / "shared" / "data")
)


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leave out what compares with reference data where there are none beside the repository."""
    if REFERENCE_DATA.is_dir():
        return
    external = [item for item in items if item.get_closest_marker("external")]
    config.hook.pytest_deselected(items=external)
    items[:] = [item for item in items if item not in external]


@pytest.fixture(scope="session")
def repository() -> Path:
    """Return the root of the source tree."""
    return REPOSITORY


@pytest.fixture(scope="session")
def reference_data() -> Path:
    """Return the folder of published reference data; only for tests marked ``external``."""
    return REFERENCE_DATA


@pytest.fixture(scope="session")
def program() -> Callable[[str], str]:
    """Return a finder of programs by name: a missing one fails under CI, else skips the test."""

    def find(name: str) -> str:
        if path := shutil.which(name):
            return path
        remedy = f"{name} is missing: `make test` installs it on Debian as root"
        if os.environ.get("CI"):
            pytest.fail(remedy)
        pytest.skip(remedy)

    return find
