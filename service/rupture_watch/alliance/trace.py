"""What was measured at each judged fact: for benchmarks and explanations, shown to nobody."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from rupture_watch.alliance.facts import Appointment, Form
from rupture_watch.alliance.standing import instant
from rupture_watch.alliance.timeline import HELD

if TYPE_CHECKING:
    from rupture_watch.alliance.course import Course

DIGITS = 6


class Trace:
    """Collects a line for every form, every session held and every missed appointment."""

    __slots__ = ("_final", "_lines", "_rated")

    def __init__(self) -> None:
        """Start empty."""
        self._lines: list[dict[str, Any]] = []
        self._rated: set[str] = set()
        self._final: dict[str | None, float] = {}

    def record(self, course: Course) -> None:
        """Take down the present fact of ``course``, if it is one that is judged."""
        fact = course.fact
        if course.session is not None:
            self.settle(course)
        if isinstance(fact, Form) and course.rated is not None:
            self._form(course, fact)
        elif isinstance(fact, Appointment) and fact.status in (HELD, "no_show"):
            session = course.session.key if course.session else None
            self._lines.append(self._line(course, fact.name, session))

    def lines(self) -> list[dict[str, Any]]:
        """Return the lines; a session held with a client's form is told by its forms alone."""
        return [
            {**line, "strain": self._final.get(line["session_id"], line["strain"])}
            for line in self._lines
            if line["series"] is not None or line["session_id"] not in self._rated
        ]

    def settle(self, course: Course) -> None:
        """Take down the strain of the present session by all its facts so far.

        That its form is missing says nothing of it any more once another appointment was judged.
        """
        session = course.session
        if session is None:
            return
        newest = self._lines[-1]["session_id"] if self._lines else None
        if course.due is None or newest == session.key:
            self._final[session.key] = round(course.strain.value, DIGITS)

    def _form(self, course: Course, form: Form) -> None:
        rated = course.rated
        if rated is None:
            return
        code = "total" if "total" in rated.points else next(iter(rated.points), None)
        if code is None:
            return
        point = rated.points[code]
        deviation = point.deviation
        if form.respondent == "client":
            self._rated.add(form.session_id)
        line = self._line(course, form.name, form.session_id)
        line["series"] = f"{form.instrument}/{form.respondent}/{code}"
        line["value"] = round(point.value, DIGITS)
        line["z"] = round(deviation.z, DIGITS)
        line["ewma"] = round(deviation.ewma, DIGITS)
        self._lines.append(line)

    def _line(self, course: Course, fact: str, session: str | None) -> dict[str, Any]:
        return {
            "case": course.case,
            "fact": fact,
            "session_id": session,
            "time": instant(course.told),
            "series": None,
            "value": None,
            "z": None,
            "ewma": None,
            "compliance": round(course.strain.compliance or course.compliance, DIGITS),
            "frame_load": round(course.load.at(course.now), DIGITS),
            "strain": round(course.strain.value, DIGITS),
        }
