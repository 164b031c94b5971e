"""The instruments that forms are filled with: ranges, keys, ceilings and priors. No item wording.

Source of ranges, ceilings and priors: the registry table of the rule catalogue; priors are
defaults until a clinic calibrates them, and a rule set replaces them with ``with_overrides``.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal, NamedTuple, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

Measures: TypeAlias = Literal["alliance", "real_relationship", "outcome", "symptoms"]

TOTAL = "total"


class UnknownInstrumentError(KeyError):
    """No instrument of this name is registered; the contract refuses such a form beforehand."""


@dataclass(frozen=True, slots=True)
class Scale:
    """One series of values: its range, ceiling and prior, all in the instrument's own units.

    ``code`` is ``total``, a role (``bond``, ``task``, ``goal``, ``engagement``, ``genuineness``,
    ``realism``) or a single item. ``mean`` M, ``tau`` (between clients) and ``s0`` (within a
    client) are the prior of the own baseline. ``sign`` is +1 where high is good, else -1: multiply
    a z by it so that positive is better. ``reliable_change`` is the smallest difference that is
    more than measurement error, where one is published.
    """

    code: str
    low: float
    high: float
    ceiling: float | None
    mean: float
    tau: float
    s0: float
    reliable_change: float | None = None
    sign: int = 1

    def __post_init__(self) -> None:
        """Refuse a scale on which no baseline could stand."""
        if not self.low <= self.mean <= self.high or self.low == self.high:
            message = f"scale {self.code}: the mean must lie within its range"
            raise ValueError(message)
        if self.tau <= 0 or self.s0 <= 0 or self.sign not in (1, -1):
            message = f"scale {self.code}: tau and s0 must be positive, sign 1 or -1"
            raise ValueError(message)


@dataclass(frozen=True, slots=True)
class Subscale:
    """A score code that a sender may state: its range, its items and, where judged, its series.

    ``items`` are item numbers; empty means that the published key is not known, so that the
    subscale is only ever taken as stated. ``scale`` is None for a mere part of the total.
    """

    code: str
    low: float
    high: float
    items: tuple[int, ...] = ()
    scale: Scale | None = None

    @property
    def role(self) -> str | None:
        """The concept this subscale stands for: the code of its series."""
        return self.scale.code if self.scale else None


@dataclass(frozen=True, slots=True)
class ItemRange:
    """Items ``1``..``count``, each from ``low`` to ``high``, as they are written on the form."""

    count: int
    low: float
    high: float


@dataclass(frozen=True, slots=True, eq=False)
class Instrument:
    """One instrument and how its values make scores.

    ``reversed_items`` are turned before summing. ``keyed`` tells whether items may be summed at
    all. ``risk_items`` say that a client may be in danger when above 0. ``bond_like`` marks a
    total that reads like a bond. The total is the sum of all subscales where these span its
    range, else of all items. Hashed by identity, so that compiled keys are found fast.
    """

    code: str
    measures: Measures
    total: Scale
    items: ItemRange | None = None
    reversed_items: frozenset[int] = frozenset()
    subscales: tuple[Subscale, ...] = ()
    keyed: bool = True
    risk_items: frozenset[int] = frozenset()
    bond_like: bool = False
    scales: Mapping[str, Scale] = field(init=False, repr=False)

    def __post_init__(self) -> None:
        """Derive the look-up by series."""
        judged = [part.scale for part in self.subscales if part.scale]
        object.__setattr__(self, "scales", {scale.code: scale for scale in (self.total, *judged)})

    @property
    def high_is_good(self) -> bool:
        """Direction of the instrument."""
        return self.total.sign > 0

    @property
    def sums_subscales(self) -> bool:
        """Whether the subscales together are the total."""
        span = sum(part.high for part in self.subscales)
        return bool(self.subscales) and span == self.total.high

    @property
    def by_line(self) -> bool:
        """Whether every subscale is one line of the form (SRS, GSRS, ORS)."""
        return bool(self.subscales) and all(len(part.items) == 1 for part in self.subscales)


class FormCodes(NamedTuple):
    """What a form of one instrument may state: (code, low, high) in canonical order, total."""

    scores: tuple[tuple[str, float, float], ...]
    items: tuple[tuple[str, float, float], ...]
    total: tuple[float, float]


class Registry:
    """All instruments and single items that a form may use; immutable.

    ``singles`` are extra items that are valid on any instrument, by code.
    """

    def __init__(self, instruments: Iterable[Instrument], singles: Iterable[Scale]) -> None:
        """Register instruments and single items; a later one of the same code wins."""
        self._instruments = {instrument.code: instrument for instrument in instruments}
        self.singles: Mapping[str, Scale] = {scale.code: scale for scale in singles}
        self._codes = {name: self._codes_of(one) for name, one in self._instruments.items()}

    @classmethod
    def default(cls) -> Registry:
        """Return the registry of all instruments that are known without configuration."""
        from rupture_watch.alliance.instrument_table import INSTRUMENTS, SINGLES  # noqa: PLC0415

        return cls(INSTRUMENTS, SINGLES)

    def get(self, name: str) -> Instrument:
        """Return the instrument of this name.

        Raises:
            UnknownInstrumentError: no such instrument is registered.

        """
        try:
            return self._instruments[name]
        except KeyError:
            raise UnknownInstrumentError(name) from None

    def find(self, name: str) -> Instrument | None:
        """Return the instrument of this name, or None."""
        return self._instruments.get(name)

    def codes(self, name: str) -> FormCodes | None:
        """Return what a form of this instrument may state, or None for an unknown one.

        Scores are in the order of their codes, items in that of their numbers, then singles.
        """
        return self._codes.get(name)

    def _codes_of(self, instrument: Instrument) -> FormCodes:
        items = instrument.items
        numbered = range(1, items.count + 1) if items else ()
        own = [(str(n), items.low, items.high) for n in numbered] if items else []
        singles = sorted((one.code, one.low, one.high) for one in self.singles.values())
        return FormCodes(
            tuple(sorted((part.code, part.low, part.high) for part in instrument.subscales)),
            (*own, *singles),
            (instrument.total.low, instrument.total.high),
        )

    def scale(self, instrument: str, series: str) -> Scale | None:
        """Return the scale of a series of values, or of a single item, or None."""
        return self.get(instrument).scales.get(series) or self.singles.get(series)

    def with_overrides(self, overrides: Mapping[str, object]) -> Registry:
        """Return this registry changed by a rule set; the form is told in ``overriding``."""
        from rupture_watch.alliance.overriding import overridden  # noqa: PLC0415

        return overridden(self, overrides)

    def __iter__(self) -> Iterator[Instrument]:
        """Iterate over the instruments."""
        return iter(self._instruments.values())

    def __contains__(self, name: object) -> bool:
        """Tell whether an instrument of this name is registered."""
        return name in self._instruments
