"""A case from its stored events: its facts, and its course moment by moment."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from rupture_watch.alliance.assessment import Case
from rupture_watch.alliance.course import Course
from rupture_watch.alliance.history import History
from rupture_watch.alliance.setting import Setting
from rupture_watch.alliance.timeline import Timeline
from rupture_watch.contracts.reading import Reader, Rejected

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from rupture_watch.alliance.facts import Fact, Microseconds
    from rupture_watch.alliance.frame_load import Break, FrameLoad
    from rupture_watch.alliance.rules.catalogue import Catalogue
    from rupture_watch.alliance.series import Point, SeriesKey


class Stored(NamedTuple):
    """A case as it can be judged: its pseudonym, its facts, and until when time has passed."""

    ref: str
    facts: tuple[Fact, ...]
    clock: Microseconds

    @classmethod
    def read(
        cls, ref: str, lines: Iterable[bytes], clock: Microseconds, catalogue: Catalogue
    ) -> Stored:
        """Read the events of one case; what a newer rule set refuses is left out."""
        reader = Reader(catalogue.ruleset.registry)
        facts = []
        for line in lines:
            try:
                facts.append(reader.read_line(line).fact)
            except Rejected:
                continue
        return cls(ref, tuple(facts), clock)

    def history(self) -> History:
        """Return the facts as the engine keeps them: bounded, each in its winning version."""
        history = History()
        for fact in self.facts:
            history.take(fact)
        history.forget_beyond_bound()
        return history

    def judged(self, catalogue: Catalogue) -> Case:
        """Return the case judged by the rules of ``catalogue``."""
        return Case(self.ref, catalogue, self.history(), self.clock)


class Rating(NamedTuple):
    """One value of one series, against the client's own level before it."""

    key: SeriesKey
    session: str
    point: Point


class Fold(NamedTuple):
    """What a course looked like on its way: every rating, every break of the frame."""

    ratings: tuple[Rating, ...]
    breaks: tuple[Break, ...]
    load: FrameLoad


def fold(stored: Stored, catalogue: Catalogue) -> Fold:
    """Judge a case once more and keep what a chart shows."""
    course = Course(stored.ref, catalogue, Setting(frozenset(), truncated=False))
    ratings: list[Rating] = []
    breaks: dict[tuple[str, int, str], Break] = {}
    for moment in Timeline().rebuild(stored.history().facts.values()):
        course.step(moment)
        if course.rated is not None:
            form = course.rated.form
            ratings += [
                Rating((form.instrument, form.respondent, code), form.session_id, point)
                for code, point in course.rated.points.items()
            ]
        breaks.update(_by_name(course.load.breaks))
    course.advance(stored.clock)
    breaks.update(_by_name(course.load.breaks))
    return Fold(tuple(ratings), tuple(breaks.values()), course.load)


def _by_name(breaks: Iterable[Break]) -> Iterator[tuple[tuple[str, int, str], Break]]:
    for one in breaks:
        yield (one.fact, one.time, one.label), one
