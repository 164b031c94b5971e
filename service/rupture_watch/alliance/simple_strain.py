"""Strain in its simplest form: the larger of -z and the EWMA's exceedance of the total."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

    from rupture_watch.alliance.course import Course
    from rupture_watch.alliance.facts import Appointment, FrameFact, Note
    from rupture_watch.alliance.rules.catalogue import Catalogue
    from rupture_watch.alliance.sessions import Rated, Session

CALM = -10.0


class SimpleStrain:
    """The larger of -z and the EWMA's exceedance of the total; against the prior at first."""

    __slots__ = (
        "_catalogue",
        "_ewma_offset",
        "_judged_from",
        "compliance",
        "compliance_limit",
        "limit",
        "value",
    )

    def __init__(self, catalogue: Catalogue) -> None:
        self._catalogue = catalogue
        engine = catalogue.engine
        self.limit: float = -engine["strain_z"]
        self.compliance_limit = CALM
        self.compliance = 0.0
        self._ewma_offset: float = engine["strain_ewma"] - engine["strain_z"]
        self._judged_from: int = engine["judged_from"]
        self.value = CALM

    def shares(self) -> Mapping[str, float]:
        """Return nothing: the total alone speaks."""
        return {}

    def fork(self) -> SimpleStrain:
        """Return an equal strain that goes on by itself."""
        other = SimpleStrain(self._catalogue)
        other.value = self.value
        return other

    def rated(self, course: Course, rated: Rated) -> None:
        """Take in a client's form; without a total its bond speaks for it."""
        code = "total" if "total" in rated.points else "bond"
        point = rated.points.get(code)
        if point is None:
            return
        deviation = point.deviation
        if deviation.prior_ratings >= self._judged_from:
            self.value = max(-deviation.z, -(deviation.ewma - self._ewma_offset))
        else:
            series = course.series[(rated.form.instrument, "client", code)]
            self.value = -series.baseline.prior_z(point.value)

    def therapist_form(self, course: Course, rated: Rated) -> None:
        """Take no notice."""

    def appointment(self, course: Course, fact: Appointment) -> None:
        """Take no notice."""

    def frame_break(self, course: Course, fact: Appointment | FrameFact, weight: float) -> None:
        """Take no notice."""

    def form_missing(self, course: Course, session: Session) -> None:
        """Take no notice."""

    def note(self, course: Course, fact: Note) -> None:
        """Take no notice."""

    def new_baseline(self) -> None:
        """Start to learn the client anew."""
        self.value = CALM
