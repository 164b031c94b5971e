"""A worker process whose pipeline only counts: ``python -m tests.faults.counting_worker``."""

from __future__ import annotations

import os
import sys

from rupture_watch.settings import load
from rupture_watch.stream.serving import serve
from tests.component.counting import ALERT_EVERY, CountingPipeline

if __name__ == "__main__":
    every = int(os.environ.get("ALERT_EVERY", ALERT_EVERY))
    sys.exit(serve(load(), CountingPipeline(every)))
