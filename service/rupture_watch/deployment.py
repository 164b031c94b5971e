"""Where the deployment's own files are, in a checkout as well as in an installed wheel."""

from __future__ import annotations

from pathlib import Path

import rupture_watch

PACKAGE = Path(rupture_watch.__file__).parent


def deployment_file(*parts: str) -> Path:
    """Return the path of a file of ``deploy/``; a wheel carries the folder inside the package.

    Raises:
        FileNotFoundError: neither place has it, so the installation is incomplete.
    """
    for root in (PACKAGE, PACKAGE.parent.parent):
        file = root.joinpath("deploy", *parts)
        if file.is_file():
            return file
    raise FileNotFoundError(f"deploy/{'/'.join(parts)} is missing: install the package again")
