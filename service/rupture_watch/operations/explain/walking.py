"""A case session by session, as it was judged, with a way to judge a session once more."""

from __future__ import annotations

from itertools import groupby
from typing import TYPE_CHECKING, NamedTuple

from rupture_watch.alliance.course import MEASURES_ALLIANCE, Course
from rupture_watch.alliance.facts import Form
from rupture_watch.alliance.timeline import RANK_FORM, Moment, Timeline

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from rupture_watch.alliance.assessment import Case


class Held(NamedTuple):
    """One session held: the course before it, its moments, and what comes after them.

    Moments of other sessions at the very same time are among its own: they are judged together.
    """

    key: str
    before: Course
    moments: tuple[Moment, ...]
    later: Sequence[Moment]

    @property
    def form(self) -> Form | None:
        """Return the client's form of the alliance that is judged last, if there is one."""
        registry = self.before.rules.ruleset.registry
        found = None
        for moment in self.moments:
            fact = moment.fact
            if isinstance(fact, Form) and moment.session == self.key:
                instrument = registry.find(fact.instrument)
                alliance = instrument is not None and instrument.measures in MEASURES_ALLIANCE
                found = fact if alliance and fact.respondent == "client" else found
        return found

    def judged(self, form: Form | None = None, *, to_the_end: bool = False) -> Course:
        """Judge the session again, with its form replaced; on request all that came later too."""
        course = self.before.fork()
        for moment in (*self.moments, *(self.later if to_the_end else ())):
            if form is not None and moment.fact.name == form.name and moment.rank == RANK_FORM:
                course.step(moment._replace(fact=form))
            else:
                course.step(moment)
        return course


def walk(case: Case) -> Iterator[Held]:
    """Yield the sessions of a case in order; each stays valid while the walk goes on."""
    moments = Timeline().rebuild(case.history.facts.values())
    course = Course(case.name, case.catalogue, case.course.setting)
    done = 0
    for _, group in groupby(moments, key=lambda moment: moment.time):
        together = tuple(group)
        done += len(together)
        before = course.fork()
        known = set(course.by_key)
        for moment in together:
            course.step(moment)
        for key in course.by_key:
            if key not in known:
                yield Held(key, before, together, moments[done:])
