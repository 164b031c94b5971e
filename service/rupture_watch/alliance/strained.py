"""Strain of a case as it stands: how strongly all evidence speaks for a rupture beginning here.

It is no score for people; it decides whether what could be chance is worth a question. Two kinds,
chosen by the rule set: ``filter`` weighs all sources, ``simple`` reads the total alone.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from rupture_watch.alliance.filtered_strain import FilteredStrain
from rupture_watch.alliance.simple_strain import SimpleStrain

if TYPE_CHECKING:
    from collections.abc import Mapping

    from rupture_watch.alliance.course import Course
    from rupture_watch.alliance.facts import Appointment, FrameFact, Note
    from rupture_watch.alliance.rules.catalogue import Catalogue
    from rupture_watch.alliance.sessions import Rated, Session


class Strain(Protocol):
    """What a course tells its strain, moment by moment, and reads from it.

    ``value`` is compared with ``limit``; ``compliance`` with ``compliance_limit``.
    """

    limit: float
    compliance_limit: float

    @property
    def value(self) -> float:
        """Strain by the facts told so far."""

    @property
    def compliance(self) -> float:
        """How strongly they speak for sudden compliance."""

    def shares(self) -> Mapping[str, float]:
        """Return what each fact of the present session brought to strain, by its name."""

    def fork(self) -> Strain:
        """Return an equal strain that goes on by itself."""

    def appointment(self, course: Course, fact: Appointment) -> None:
        """Take in what became of an appointment."""

    def frame_break(self, course: Course, fact: Appointment | FrameFact, weight: float) -> None:
        """Take in a break of the frame."""

    def therapist_form(self, course: Course, rated: Rated) -> None:
        """Take in a therapist's form."""

    def rated(self, course: Course, rated: Rated) -> None:
        """Take in a client's form."""

    def note(self, course: Course, fact: Note) -> None:
        """Take in a session's tags."""

    def form_missing(self, course: Course, session: Session) -> None:
        """Take in that no form came."""

    def new_baseline(self) -> None:
        """Start to learn the client anew."""


def strain_of(catalogue: Catalogue) -> Strain:
    """Return the strain of a new case, of the kind that the rule set asks for."""
    if catalogue.model is None:
        return SimpleStrain(catalogue)
    return FilteredStrain(catalogue.model)
