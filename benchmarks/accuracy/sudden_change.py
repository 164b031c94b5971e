"""Sudden gains and losses: the field's criteria for a change between two sessions, looking back.

Tang and DeRubeis (Journal of Consulting and Clinical Psychology 1999, 67, 894-904): from session n
to the next a score changes (1) by at least a cut-off, (2) by at least a quarter of what it was, and
(3) by more than it moves around the change: the means of the three sessions before and after differ
by more than the critical t times the pooled spread. Where one of the six is missing the critical
value is that of the sessions left, two on either side at least. As they need the sessions after,
the criteria only ever label a series that is over; no alert rests on them.
"""

from __future__ import annotations

from itertools import pairwise
from math import sqrt
from statistics import fmean, variance
from typing import TYPE_CHECKING, Final, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Sequence

AROUND: Final = 3
FEWEST: Final = 2
"""Sessions on either side that criterion 3 looks at, and how many of them must be there."""

CRITICAL: Final = {2: 4.302653, 3: 3.182446, 4: 2.776445}
"""Two-sided 5 % points of Student's t by degrees of freedom."""

RELIABLE: Final = 1.96
"""Two-sided 5 % point of the normal distribution."""

REVERSED: Final = 0.5
"""A gain is reversed where this share of it is lost again later (Tang and DeRubeis 1999)."""


class Criteria(NamedTuple):
    """``cutoff`` in the scale's units (7 points of the BDI), ``share`` of the score before."""

    cutoff: float
    share: float = 0.25


class Change(NamedTuple):
    """A sudden change from session ``session`` (counted from 1) to the next.

    ``magnitude`` is positive where the score falls.
    """

    session: int
    before: float
    after: float

    @property
    def magnitude(self) -> float:
        """How far the score fell."""
        return self.before - self.after


def reliable_change(sd: float, reliability: float) -> float:
    """Return the smallest change that is more than measurement error.

    Jacobson and Truax (Journal of Consulting and Clinical Psychology 1991, 59, 12-19), at 5 %.
    """
    return RELIABLE * sqrt(2.0) * sd * sqrt(1.0 - reliability)


def gains(scores: Sequence[float | None], criteria: Criteria) -> list[Change]:
    """Return the sudden falls of a series, None where a session has no score."""
    return [change for change in _changes(scores) if is_gain(scores, change.session, criteria)]


def losses(scores: Sequence[float | None], criteria: Criteria) -> list[Change]:
    """Return the sudden rises of a series, None where a session has no score."""
    return [change for change in _changes(scores) if is_loss(scores, change.session, criteria)]


def is_gain(scores: Sequence[float | None], session: int, criteria: Criteria) -> bool | None:
    """Tell whether the score falls suddenly after ``session``; None: too little is known."""
    return _is_sudden(scores, session, criteria, 1.0)


def is_loss(scores: Sequence[float | None], session: int, criteria: Criteria) -> bool | None:
    """Tell whether the score rises suddenly after ``session``; None: too little is known."""
    return _is_sudden(scores, session, criteria, -1.0)


def is_reversed(scores: Sequence[float | None], gain: Change) -> bool:
    """Tell whether half of a gain is lost again at a later session."""
    limit = gain.after + REVERSED * gain.magnitude
    return any(score is not None and score >= limit for score in scores[gain.session + 1 :])


def _changes(scores: Sequence[float | None]) -> list[Change]:
    return [
        Change(session, before, after)
        for session, (before, after) in enumerate(pairwise(scores), start=1)
        if before is not None and after is not None
    ]


def _is_sudden(
    scores: Sequence[float | None], session: int, criteria: Criteria, sign: float
) -> bool | None:
    before, after = scores[session - 1], scores[session]
    earlier = [x for x in scores[max(0, session - AROUND) : session] if x is not None]
    later = [x for x in scores[session : session + AROUND] if x is not None]
    if before is None or after is None or min(len(earlier), len(later)) < FEWEST:
        return None
    change = sign * (before - after)
    if change < criteria.cutoff or change < criteria.share * before:
        return False
    freedom = len(earlier) + len(later) - 2
    squares = (len(earlier) - 1) * variance(earlier) + (len(later) - 1) * variance(later)
    apart = sign * (fmean(earlier) - fmean(later))
    return apart > CRITICAL[freedom] * sqrt(squares / freedom)
