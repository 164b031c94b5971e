"""From alarms and statistics to figures with intervals, by a bootstrap over clients.

An episode is **found** when an alarm falls into its window: from the moment from which it can be
seen (the onset session, or a break of the frame or a missed appointment just before it) until the
session after its last one is over; the published operating points use the same window. A second
column allows one session more. **False alarms** are all alarms of clients to whom nothing
happens, per 100 of their rated sessions.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, NamedTuple

import numpy as np

from benchmarks.accuracy.cohorts import SESSIONS
from rupture_watch.alliance.facts import DAY
from rupture_watch.operations.simulate.episodes import Kind

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from benchmarks.accuracy.cohorts import Course
    from rupture_watch.alliance.facts import Microseconds
    from rupture_watch.operations.simulate import Label

AFTER: Final = 1
BUDGET: Final = 2.0
"""False alarms per 100 rated null sessions at which detectors are compared."""

PREVALENCE: Final = 0.05
LAST_RESORT: Final = 14 * DAY
"""How long the window stays open after a last session that nothing follows."""

GROUPS: Final[dict[str, Callable[[Label], bool]]] = {
    "dip 1": lambda label: label.kind is Kind.DIP and label.size == 1.0,
    "dip 1.5": lambda label: label.kind is Kind.DIP and label.size == 1.5,  # noqa: PLR2004
    "dip 2": lambda label: label.kind is Kind.DIP and label.size == 2.0,  # noqa: PLR2004
    "dip 3": lambda label: label.kind is Kind.DIP and label.size == 3.0,  # noqa: PLR2004
    "dip 4": lambda label: label.kind is Kind.DIP and label.size == 4.0,  # noqa: PLR2004
    "slope": lambda label: label.kind is Kind.SLOPE,
    "step": lambda label: label.kind is Kind.STEP,
    "quiet": lambda label: label.kind is Kind.QUIET,
    "frame": lambda label: label.kind is Kind.FRAME,
    "compliance": lambda label: label.kind is Kind.COMPLIANCE,
    "repair": lambda label: label.kind is Kind.REPAIR,
    "all": lambda label: label.kind is not Kind.NONE,
}


class Figure(NamedTuple):
    """A figure and the middle 95 % of its bootstrap."""

    value: float
    low: float
    high: float


def window(label: Label, after: int = AFTER) -> tuple[Microseconds, Microseconds]:
    """Return from when until when (exclusive) an alarm finds the episode of a label."""
    if label.begins is None or label.last is None:
        raise ValueError("nothing happened in this case")
    following = label.last + after
    if following < len(label.sessions):
        return label.begins, label.sessions[following].start
    return label.begins, label.sessions[-1].start + LAST_RESORT


@dataclass(frozen=True, slots=True)
class Statistic:
    """One number per session of every client, and per missed appointment where there is one.

    ``sessions`` aligns with the label's sessions, nan for no judgement; ``missed`` holds (time,
    value).
    """

    sessions: list[float]
    missed: list[tuple[Microseconds, float]]


class Sample:
    """The clients of both cohorts with their bootstrap weights; row 0 weighs each client once."""

    def __init__(self, courses: Sequence[Course], repetitions: int, seed: int) -> None:
        """Split the clients by cohort; those of the other whose episode never came are dropped."""
        self.nulls = [course for course in courses if course.cohort == "null"]
        self.episodes = [
            course
            for course in courses
            if course.cohort != "null" and course.label.kind is not Kind.NONE
        ]
        rng = np.random.default_rng(seed)
        self.null_weights = _weights(rng, len(self.nulls), repetitions)
        self.episode_weights = _weights(rng, len(self.episodes), repetitions)
        self.rated = np.array(
            [sum(held.rated for held in course.label.sessions) for course in self.nulls], float
        )
        self.members = {
            name: np.array([belongs(course.label) for course in self.episodes], float)
            for name, belongs in GROUPS.items()
        }

    def per_hundred(self, counts: Sequence[float]) -> Figure:
        """Return counts of null clients per 100 of their rated sessions."""
        sums = self.null_weights @ np.array(counts, float)
        return figure(100 * ratio(sums, self.null_weights @ self.rated))

    def share_of_nulls(self, flags: Sequence[bool]) -> Figure:
        """Return the share of null clients, among those who came to all sessions, in percent."""
        whole = np.array([len(course.label.sessions) == SESSIONS for course in self.nulls], float)
        hits = self.null_weights @ (whole * np.array(flags, float))
        return figure(100 * ratio(hits, self.null_weights @ whole))

    def share(self, group: str, flags: Any) -> Figure:
        """Return the share of a group's episodes, in percent; flags by episode or by row too."""
        weights = self.episode_weights * self.members[group]
        hits = (weights * np.asarray(flags, float)).sum(axis=1)
        return figure(100 * ratio(hits, weights.sum(axis=1)))

    def mean(self, group: str, values: Sequence[float]) -> Figure:
        """Return the mean over a group's episodes of values that are not nan."""
        known = ~np.isnan(values)
        weights = self.episode_weights * self.members[group] * known
        sums = weights @ np.nan_to_num(np.array(values, float))
        return figure(ratio(sums, weights.sum(axis=1)))


def _weights(rng: np.random.Generator, count: int, repetitions: int) -> Any:
    ones = np.ones((1, count))
    if count == 0:
        return np.ones((repetitions + 1, 0))
    drawn = rng.multinomial(count, np.full(count, 1 / count), size=repetitions)
    return np.vstack([ones, drawn])


def ratio(above: Any, below: Any) -> Any:
    """Return the quotients, nan where there is nothing to divide by."""
    return np.divide(above, below, out=np.full(len(above), np.nan), where=below > 0)


def figure(values: Any) -> Figure:
    """Return a figure from its bootstrap; the first value is the estimate."""
    known = values[1:][~np.isnan(values[1:])]
    if not len(known):
        return Figure(float(values[0]), float("nan"), float("nan"))
    low, high = np.percentile(known, (2.5, 97.5))
    return Figure(float(values[0]), float(low), float(high))


class Limits(NamedTuple):
    """A limit for each row of the bootstrap, and what share of the values equal to it pass.

    Coarse statistics have many equal values; a share of them spends the budget exactly.
    """

    value: Any
    share: Any

    def passed(self, values: Any) -> Any:
        """Return for each row and value 1 where it passes, the share where it is equal, or 0."""
        limits = self.value[:, None]
        return (values > limits) + self.share[:, None] * (values == limits)


class Ranking:
    """One statistic over both cohorts: limits for a budget, what is found there, and its AUC."""

    def __init__(self, sample: Sample, nulls: list[Statistic], episodes: list[Statistic]) -> None:
        """Take the statistics in the order of the sample's clients."""
        self._sample = sample
        values, owners, sessions = [], [], []
        for place, one in enumerate(nulls):
            for value in one.sessions:
                values.append(value)
                sessions.append(True)
                owners.append(place)
            for _, value in one.missed:
                values.append(value)
                sessions.append(False)
                owners.append(place)
        known = ~np.isnan(values)
        self._values = np.array(values)[known]
        self._owners = np.array(owners, int)[known]
        self._is_session = np.array(sessions, bool)[known]
        self._episodes = episodes
        self._highest = self._highest_in_windows()

    def counts(self, limit: float) -> list[float]:
        """Return for each null client how often the statistic is above a limit."""
        above = self._owners[self._values > limit]
        return list(np.bincount(above, minlength=len(self._sample.nulls)).astype(float))

    def highest(self) -> Any:
        """Return for each episode the highest value inside its window."""
        return self._highest

    def _highest_in_windows(self) -> Any:
        found = []
        for course, one in zip(self._sample.episodes, self._episodes, strict=True):
            start, end = window(course.label)
            inside = [
                value
                for held, value in zip(course.label.sessions, one.sessions, strict=True)
                if start <= held.start < end and not np.isnan(value)
            ]
            inside += [value for time, value in one.missed if start <= time < end]
            found.append(max(inside, default=-np.inf))
        return np.array(found)

    def limits(self, budget: float = BUDGET) -> Limits:
        """Return the limit, by row of the bootstrap, that spends a budget per 100."""
        order = np.argsort(-self._values, kind="stable")
        values, owners = self._values[order], self._owners[order]
        found, shares = [], []
        for weights in self._sample.null_weights:
            allowed = budget / 100 * (weights @ self._sample.rated)
            spent = np.cumsum(weights[owners])
            place = min(int(np.searchsorted(spent, allowed, side="right")), len(values) - 1)
            limit = values[place]
            first, last = (
                np.searchsorted(-values, -limit, "left"),
                np.searchsorted(-values, -limit, "right"),
            )
            above = spent[first - 1] if first else 0.0
            found.append(limit)
            shares.append(min((allowed - above) / max(spent[last - 1] - above, 1e-9), 1.0))
        return Limits(np.array(found), np.array(shares))

    def found(self, group: str, limits: Limits) -> Figure:
        """Return the share of a group's episodes with a value above the limit of each row."""
        return self._sample.share(group, limits.passed(self.highest()))

    def discrimination(self) -> tuple[Figure, Figure]:
        """Return AUC and average precision at 5 % prevalence.

        Positives are the sessions of episodes inside their window, from the onset session to the
        one after the last; negatives are all sessions of null clients.
        """
        positives, owners = [], []
        for place, (course, one) in enumerate(
            zip(self._sample.episodes, self._episodes, strict=True)
        ):
            label = course.label
            if label.onset is None or label.last is None:
                continue
            inside = one.sessions[label.onset - 1 : label.last + AFTER]
            positives += [value for value in inside if not np.isnan(value)]
            owners += [place for value in inside if not np.isnan(value)]
        negatives = self._values[self._is_session]
        levels, ranks = np.unique(np.concatenate([positives, negatives]), return_inverse=True)
        top = len(levels) - 1
        good, bad = top - ranks[: len(positives)], top - ranks[len(positives) :]
        null_owners = self._owners[self._is_session]
        areas, precisions = [], []
        for ours, theirs in zip(
            self._sample.episode_weights, self._sample.null_weights, strict=True
        ):
            hits = np.bincount(good, weights=ours[owners], minlength=len(levels))
            false = np.bincount(bad, weights=theirs[null_owners], minlength=len(levels))
            hits, false = hits / hits.sum(), false / false.sum()
            recall, alarms = np.cumsum(hits), np.cumsum(false)
            areas.append((false * (recall - hits / 2)).sum())
            flagged = PREVALENCE * recall + (1 - PREVALENCE) * alarms
            precision = PREVALENCE * recall / np.maximum(flagged, 1e-12)
            precisions.append((precision * hits).sum())
        return figure(np.array(areas)), figure(np.array(precisions))
