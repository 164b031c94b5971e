"""``python -m rupture_watch.inbox.assets``: fetch by lock file, copy into ``static/vendor``."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path
from typing import Final

HERE: Final = Path(__file__).parent
VENDOR: Final = HERE.parent / "static" / "vendor"
FILES: Final = (
    "htmx.org/dist/htmx.min.js",
    "uplot/dist/uPlot.iife.min.js",
    "uplot/dist/uPlot.min.css",
)


def main() -> None:
    """Fetch and copy; says what is missing in one line."""
    npm = shutil.which("npm")
    if npm is None:
        sys.exit("npm is missing: install Node.js")
    command = [npm, "ci", "--prefix", str(HERE), "--no-audit", "--no-fund", "--ignore-scripts"]
    subprocess.run([*command, "--loglevel=error"], check=True)  # noqa: S603 - npm, found above
    VENDOR.mkdir(parents=True, exist_ok=True)
    for name in FILES:
        shutil.copy(HERE / "node_modules" / name, VENDOR / Path(name).name)


if __name__ == "__main__":
    main()
