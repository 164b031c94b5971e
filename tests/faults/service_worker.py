"""A worker process of the service itself: ``python -m tests.faults.service_worker``."""

from __future__ import annotations

import sys

from rupture_watch.settings import load
from rupture_watch.stream.worker import run

if __name__ == "__main__":
    sys.exit(run(load()))
