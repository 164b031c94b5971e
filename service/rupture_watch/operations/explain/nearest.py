"""The smallest change of one form that changes what is judged, by trying one after the other."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from rupture_watch.operations.explain.moved import Movable

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from rupture_watch.alliance.facts import Form
    from rupture_watch.alliance.instruments import Registry


class Change(NamedTuple):
    """A form as it might have been: values by series, before and after."""

    form: Form
    before: dict[str, float]
    after: dict[str, float]

    @property
    def code(self) -> str:
        """Return the series that tells the change: the total, else the first there is."""
        return "total" if "total" in self.after else next(iter(self.after))

    @property
    def amount(self) -> float:
        """Return by how much the told series changes; positive is better."""
        return round(self.after[self.code] - self.before[self.code], 6)


def smallest_change(
    form: Form, registry: Registry, makes_it: Callable[[Form], bool]
) -> Change | None:
    """Return the smallest change of a form with which ``makes_it`` holds; of two the worse first.

    Every step of the grid is tried from the form outwards, for what is judged need not change only
    once. None where nothing in the form's range makes it.
    """
    movable = Movable(form, registry)
    for candidate in _outwards(movable):
        if makes_it(candidate):
            return Change(candidate, movable.values(form), movable.values(candidate))
    return None


def _outwards(movable: Movable) -> Iterator[Form]:
    ways = [-1, 1]
    steps = 0
    while ways:
        steps += 1
        for way in tuple(ways):
            form = movable.by(way * steps)
            if form is None:
                ways.remove(way)
            else:
                yield form
