"""The import rules of the source tree, checked on its real import graph."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

import grimp
import pytest

PURE = "rupture_watch.alliance"
OUTSIDE_THE_CORE = frozenset(
    {"asyncio", "io", "logging", "os", "pathlib", "random", "secrets", "socket"}
    | {"subprocess", "sys", "threading", "time"}
)


@pytest.fixture(scope="module")
def graph() -> grimp.ImportGraph:
    return grimp.build_graph("rupture_watch", include_external_packages=True)


def test_every_import_contract_is_kept(repository: Path) -> None:
    linter = Path(sys.executable).with_name("lint-imports")
    run = subprocess.run([linter], cwd=repository, capture_output=True, text=True, check=False)
    assert run.returncode == 0, run.stdout


def test_the_core_imports_nothing_but_the_pure_part_of_the_standard_library(
    graph: grimp.ImportGraph,
) -> None:
    core = {PURE} | graph.find_descendants(PURE)
    assert len(core) > 1
    imported = {name for module in core for name in graph.find_modules_directly_imported_by(module)}
    allowed = core | {name for name in sys.stdlib_module_names if name not in OUTSIDE_THE_CORE}
    assert imported <= allowed


def test_the_core_asks_no_clock(repository: Path) -> None:
    clocks = {f"{kind}.{name}" for kind in ("datetime", "date") for name in ("now", "today")}
    asked = [
        f"{source.name}:{node.lineno}"
        for source in repository.glob("service/rupture_watch/alliance/**/*.py")
        for node in ast.walk(ast.parse(source.read_text("utf-8")))
        if isinstance(node, ast.Attribute) and ast.unparse(node) in clocks | {"datetime.utcnow"}
    ]
    assert asked == []


@pytest.mark.parametrize(("folder", "lines"), [("service", 300), ("tests", 400)])
def test_no_module_is_too_long_to_be_read_in_one_go(
    repository: Path, folder: str, lines: int
) -> None:
    long = [
        source.relative_to(repository).as_posix()
        for source in repository.glob(f"{folder}/**/*.py")
        if "node_modules" not in source.parts
        if len(source.read_text("utf-8").splitlines()) > lines
    ]
    assert long == []
