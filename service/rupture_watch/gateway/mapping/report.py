"""What a mapping does not know, over many files: codes only, never text."""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

from rupture_watch.gateway.mapping.mapper import guess
from rupture_watch.gateway.mapping.verdict import Tally

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from rupture_watch.gateway.mapping.mapper import Mapper

# What looks like a code. A word of several parts may be a sentence, or a name.
_CODE: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._:/#|-]{0,127}", re.ASCII)
NOT_A_CODE: Final = "(not a code)"


@dataclass(slots=True)
class Report:
    """Counts over all files: bodies, verdicts, unknown codes, fields left out, assumptions."""

    bodies: int = 0
    unreadable: int = 0
    verdicts: Counter[tuple[str, str, str]] = field(default_factory=Counter)
    tally: Tally = field(default_factory=Tally)

    def unmapped(self) -> list[tuple[int, str, str, str]]:
        """Return (count, table, code, where it goes), the most frequent first."""
        counts: Counter[tuple[str, str, str]] = Counter()
        for one, count in self.tally.unmapped.items():
            counts[_shown(one.table), _shown(one.code), one.goes_to] += count
        return [(count, *one) for one, count in sorted(counts.items(), key=_by_count)]

    def lines(self) -> Iterator[str]:
        """Yield the report as text."""
        yield f"{self.bodies} bodies, {self.unreadable} of no known format"
        for (what, outcome, reason), count in sorted(self.verdicts.items()):
            yield f"{count:6}  {what} {outcome}{f': {reason}' if reason else ''}"
        yield "unmapped codes:" if self.tally.unmapped else "unmapped codes: none"
        for count, table, code, goes_to in self.unmapped():
            yield f"{count:6}  {table}: {code} -> {goes_to}"
        for title, counts in (("assumed", self.tally.assumed), ("left out", self.tally.dropped)):
            listed = ", ".join(f"{kind} {count}" for kind, count in sorted(counts.items()))
            yield f"{title}: {listed or 'nothing'}"

    def as_json(self) -> dict[str, Any]:
        """Return the report for machines."""
        return {
            "bodies": self.bodies,
            "unreadable": self.unreadable,
            "verdicts": [
                {"what": what, "outcome": outcome, "reason": reason or None, "count": count}
                for (what, outcome, reason), count in sorted(self.verdicts.items())
            ],
            "unmapped": [
                {"table": table, "code": code, "goes_to": goes_to, "count": count}
                for count, table, code, goes_to in self.unmapped()
            ],
            "assumed": dict(sorted(self.tally.assumed.items())),
            "left_out": dict(sorted(self.tally.dropped.items())),
        }


def report(mapper: Mapper, bodies: Iterable[bytes]) -> Report:
    """Map every body, keep no event, and count."""
    found = Report()
    for body in bodies:
        found.bodies += 1
        chosen = guess(body)
        if chosen is None:
            found.unreadable += 1
            continue
        mapped = mapper.of_format(mapper.run(), body, chosen)
        found.tally.add(mapped.tally)
        for one in mapped.verdicts:
            found.verdicts[one.what, one.outcome, one.reason or ""] += 1
    return found


def _shown(code: str) -> str:
    return code if _CODE.fullmatch(code) else NOT_A_CODE


def _by_count(one: tuple[tuple[str, str, str], int]) -> tuple[int, tuple[str, str, str]]:
    return -one[1], one[0]
