"""A rule set file that says what was fitted, by how much it may be off, and from how many."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from rupture_watch.alliance.strain.sources import default_channels

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rupture_watch.operations.calibrate.fitted import Fitted, Prior
    from rupture_watch.operations.calibrate.limits import Expected
    from rupture_watch.operations.calibrate.rates import Interval, Rate

PATTERNS: Final = {"uniform": "own_uniform", "lopsided": "own_lopsided"}
"""What the filter counts of a form's pattern, and what the rule set calls its share."""

_BARE = re.compile(r"[A-Za-z0-9_-]+")
_COLUMN = 28
_DIGITS = 4


@dataclass(frozen=True, slots=True)
class Proposal:
    """A rule set in the making; ``text`` writes it for any limit."""

    base: str
    version: str
    fitted: Fitted

    def text(self, limit: float, expected: Expected | None = None) -> str:
        """Return the file; ``expected`` is told beside the limit where it is known."""
        return "\n".join([*self._lines(limit, expected), ""])

    def _lines(self, limit: float, expected: Expected | None) -> Iterator[str]:
        yield "# Fitted by `rupture-watch calibrate` to a clinic's own log, without labels. Behind"
        yield "# each number: its 95 % interval from a bootstrap by client, and what it rests on."
        yield ""
        yield f"extends = {json.dumps(self.base)}"
        yield 'name = "calibrated"'
        yield f"version = {json.dumps(self.version)}"
        yield ""
        yield "[engine]"
        yield _line("strain_limit", f"{limit:g}", _costs(expected))
        for (instrument, code), prior in self.fitted.priors.items():
            yield ""
            yield f"[instruments.{_key(instrument)}.{_key(code)}]"
            yield from _prior(prior)
        yield from self._rates()

    def _rates(self) -> Iterator[str]:
        channels = default_channels()
        for name, rate in self.fitted.channels.items():
            if name in channels:
                yield ""
                yield f"[strain.channels.{_key(name)}]"
                yield _line("rate", _number(rate.rate.value), _behind(rate))
                yield _line("weight", _number(rate.weight.value), _span(rate.weight))
        patterns = {
            key: self.fitted.channels[name]
            for name, key in PATTERNS.items()
            if name in self.fitted.channels
        }
        for table, rates in (
            ("patterns", patterns),
            ("appointments.rates", self.fitted.outcomes),
        ):
            if rates:
                yield ""
                yield f"[strain.{table}]"
            for key, rate in rates.items():
                yield _line(_key(key), _number(rate.rate.value), _behind(rate))


def _prior(prior: Prior) -> Iterator[str]:
    behind = f"{prior.clients:,} clients, {prior.forms:,} forms"
    scale = prior.scale
    yield _line("mean", _number(scale.mean), f"{_span(prior.mean)}; {behind}")
    yield _line("tau", _number(scale.tau), f"{_span(prior.tau)}; between clients")
    yield _line("s0", _number(scale.s0), f"{_span(prior.s0)}; within a client")
    if prior.ceiling is not None and prior.ceiling != prior.known.ceiling:
        same = f"forms pile up from here; in {prior.piled:.0%} of the resamples"
        yield _line("ceiling", _number(prior.ceiling), same)


def _costs(expected: Expected | None) -> str:
    if expected is None:
        return "log odds"
    return (
        f"log odds: {_span(expected.by_chance)} alarms by chance per 100 rated sessions of "
        "simulated clients like these without a rupture"
    )


def _behind(rate: Rate) -> str:
    return f"{_span(rate.rate)}; {rate.clients:,} clients, {rate.facts:,} sessions"


def _line(key: str, value: str, comment: str) -> str:
    return f"{f'{key} = {value}':<{_COLUMN}} # {comment}"


def _span(interval: Interval | tuple[float, float, float]) -> str:
    value, low, high = interval
    return f"{value:.3g} ({low:.3g} to {high:.3g})"


def _number(value: float) -> str:
    return f"{float(f'{value:.{_DIGITS}g}')}"


def _key(name: str) -> str:
    return name if _BARE.fullmatch(name) else json.dumps(name)
