"""The engine under study: the service's own core, fed in order of arrival, without a broker."""

from __future__ import annotations

import json
from collections import defaultdict
from typing import TYPE_CHECKING, Any

from benchmarks.accuracy.verdicts import Verdict, hear, trace
from rupture_watch.contracts import writing
from rupture_watch.operations.replay import Replay

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from rupture_watch.alliance.facts import Microseconds
    from rupture_watch.alliance.rules.catalogue import Catalogue


def judge(
    lines: Iterable[bytes], catalogue: Catalogue, *, until: Microseconds | None = None
) -> dict[str, Verdict]:
    """Run events through the core and return its verdicts by case."""
    run = Replay(catalogue)
    verdicts: dict[str, Verdict] = defaultdict(Verdict)

    def alerts() -> Iterator[dict[str, Any]]:
        for line in lines:
            for message in run.feed(line):
                yield json.loads(writing.structured(message.value, message.headers))
        for message in run.finish(until):
            yield json.loads(writing.structured(message.value, message.headers))

    hear(alerts(), verdicts)
    trace((json.loads(line) for line in run.trace()), verdicts)
    return verdicts
