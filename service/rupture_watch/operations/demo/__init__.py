"""``rupture-watch demo``: Kafka, two workers and a simulated clinic in one process tree."""

from rupture_watch.operations.demo.failure import DemoFailure
from rupture_watch.operations.demo.run import Demo, run
from rupture_watch.operations.demo.tally import Tally

__all__ = ["Demo", "DemoFailure", "Tally", "run"]
