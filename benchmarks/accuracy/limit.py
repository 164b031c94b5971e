"""How far one can go: a filter that knows each client beforehand, and what can happen.

It knows the client's level, spread and habits, and every course that an episode can take, with
its prior; it sees totals, missing forms, missed appointments, breaks of the frame and notes. It
does not see items, subscales, lateness or how long a form took, so a detector that uses these
well may come close to it, and with them pass it a little. Its likelihoods are exact for the
Gaussian family but for the value behind a ceiling, of which the expectation is carried on; for
the graded family they leave out the autocorrelation.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from benchmarks.accuracy.limit_courses import STATES, Courses
from benchmarks.accuracy.limit_ratings import NOTHING, GaussianRatings, GradedRatings
from rupture_watch.operations.simulate.answers import GaussianClient
from rupture_watch.operations.simulate.clients import draw_client
from rupture_watch.operations.simulate.conduct import tilt
from rupture_watch.operations.simulate.families import FAMILIES
from rupture_watch.operations.simulate.graded import GradedClient

if TYPE_CHECKING:
    from benchmarks.accuracy.cohorts import Course, Plan, Sighting
    from rupture_watch.operations.simulate.answers import Respondent


class Knowing:
    """The filter over one population; ``judge`` gives one client's log odds by session."""

    def __init__(self, plan: Plan) -> None:
        """Prepare for the clients of a plan."""
        self._clinics = plan.clinics()
        self._family = FAMILIES[plan.family]
        self._courses = Courses(self._family)

    def judge(self, course: Course) -> list[float]:
        """Return the log odds, after each session, that it belongs to an episode's window."""
        clinic = self._clinics[course.cohort]
        client = draw_client(
            clinic.seed,
            course.number,
            self._family,
            sessions=clinic.sessions,
            episode_share=clinic.episode_share,
            spread=clinic.spread,
        )
        conduct = [self._family.conduct[state] for state in STATES]
        habits = client.habits
        tables = {
            name: np.array([tilt(getattr(habits, name), getattr(c, name)) for c in conduct])
            for name in ("missing", "no_show", "late_cancel", "undone")
        }
        tables["sees"] = np.array([c.sees for c in conduct])
        tables["talks"] = np.array([c.talks for c in conduct])
        ratings = self._ratings(client.respondent, course.label.instrument)
        log_weight = self._courses.log_prior.copy()
        found = []
        for row, sighting in enumerate(course.sightings):
            log_weight += _conduct(sighting, row, self._courses, tables)
            log_weight += ratings.step(row, sighting.client)
            weight = np.exp(log_weight - log_weight.max())
            inside = weight[self._courses.window[row]].sum()
            outside = weight[~self._courses.window[row]].sum()
            found.append(float(np.log(inside + NOTHING) - np.log(outside + NOTHING)))
        return found

    def _ratings(self, truth: Respondent, instrument: str) -> GaussianRatings | GradedRatings:
        moments = self._courses.moments
        if isinstance(truth, GaussianClient):
            return GaussianRatings(truth, instrument, moments)
        if isinstance(truth, GradedClient):
            return GradedRatings(truth, instrument, moments)
        raise TypeError("the filter knows the clients of the two families only")


def _conduct(sighting: Sighting, row: int, courses: Courses, tables: dict[str, Any]) -> Any:
    """Return the log likelihood of everything but the total."""
    state, coming = courses.state[row], courses.coming[row]
    stays, calls = tables["no_show"][coming], tables["late_cancel"][coming]
    missing = tables["missing"][state]
    found = (
        sighting.no_shows * np.log(stays)
        + sighting.late_cancels * np.log(calls)
        + np.log(1 - np.minimum(stays + calls, 0.98))
        + np.log(missing if sighting.client is None else 1 - missing)
        + np.log(courses.breach[row] if sighting.breach else 1 - courses.breach[row])
    )
    note = sighting.note
    if note is not None:
        for name, field in (("sees", "therapist_sees_rupture"), ("talks", "alliance_discussed")):
            share = tables[name][state]
            found = found + np.log(share if note[field] else 1 - share)
        if "homework" in note:
            undone = tables["undone"][state]
            done = note["homework"]["done"] == note["homework"]["assigned"]
            found = found + np.log(1 - undone if done else undone)
    return found
