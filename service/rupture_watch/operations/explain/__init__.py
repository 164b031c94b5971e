"""Why a case is, or is not, asked about, and the smallest change that would change that."""

from rupture_watch.operations.explain.explanation import (
    Explanation,
    UnknownCase,
    UnknownSession,
    as_json,
    explain,
)
from rupture_watch.operations.explain.screen import render

__all__ = ["Explanation", "UnknownCase", "UnknownSession", "as_json", "explain", "render"]
