"""Strain of a case as it stands: how strongly all evidence speaks for a rupture beginning here.

The simplest form: the larger of -z and the EWMA's exceedance of the total. It is no score for
people; it decides whether what could be chance is worth a question.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rupture_watch.alliance.course import Course
    from rupture_watch.alliance.facts import Appointment, FrameFact, Note
    from rupture_watch.alliance.rules.catalogue import Catalogue
    from rupture_watch.alliance.sessions import Rated, Session

CALM = -10.0


class Strain:
    """Strain up to the present fact; ``limit`` comes from the rule set."""

    __slots__ = ("_ewma_offset", "_judged_from", "limit", "value")

    def __init__(self, catalogue: Catalogue) -> None:
        """Start without any evidence."""
        engine = catalogue.engine
        self.limit: float = -engine["strain_z"]
        self._ewma_offset: float = engine["strain_ewma"] - engine["strain_z"]
        self._judged_from: int = engine["judged_from"]
        self.value = CALM

    def fork(self) -> Strain:
        """Return an equal strain that goes on by itself."""
        other = Strain.__new__(Strain)
        for name in self.__slots__:
            setattr(other, name, getattr(self, name))
        return other

    def rated(self, course: Course, rated: Rated) -> None:
        """Take in a client's form; without a total its bond speaks for it."""
        point = rated.points.get("total") or rated.points.get("bond")
        if point is None:
            return
        deviation = point.deviation
        if deviation.prior_ratings >= self._judged_from:
            self.value = max(-deviation.z, -(deviation.ewma - self._ewma_offset))
        else:
            series = course.series[(rated.form.instrument, "client", _code(rated))]
            self.value = -series.baseline.prior_z(point.value)

    def therapist_form(self, course: Course, rated: Rated) -> None:
        """Take in a therapist's form."""

    def appointment(self, course: Course, fact: Appointment) -> None:
        """Take in what became of an appointment."""

    def frame_break(self, course: Course, fact: Appointment | FrameFact, weight: float) -> None:
        """Take in a break of the frame."""

    def form_missing(self, course: Course, session: Session) -> None:
        """Take in that no form came."""

    def note(self, course: Course, fact: Note) -> None:
        """Take in a session's tags."""

    def new_baseline(self) -> None:
        """Start to learn the client anew."""
        self.value = CALM


def _code(rated: Rated) -> str:
    return "total" if "total" in rated.points else "bond"
