"""Every course that a case can take, with its prior, as arrays over sessions and courses."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Final

import numpy as np

from benchmarks.accuracy.cohorts import SESSIONS
from benchmarks.accuracy.limit_ratings import Moments
from rupture_watch.operations.simulate.dice import dice
from rupture_watch.operations.simulate.episodes import Episode, State, draw

if TYPE_CHECKING:
    from rupture_watch.operations.simulate.families import Family

DRAWS: Final = 20_000
MOST: Final = 1_000
"""Courses that are told apart; where shapes have continuous parts, so many are drawn."""

EPISODE_SHARE: Final = 0.35
BREACH_WITHOUT: Final = 0.015
BREACH_BEFORE_FRAME: Final = 0.95
"""Chance of a break of the frame by the clinic before a session, as the simulation has it."""

AFTERWARDS: Final = 1
"""Sessions after an episode's last that still belong to its window."""

STATES: Final = list(State)


class Courses:
    """All courses that a case of sixteen sessions can take, the steady one first."""

    def __init__(self, family: Family) -> None:
        """Enumerate by drawing: a course's prior is how often it is drawn."""
        rng = dice("courses")
        drawn: Counter[Episode] = Counter()
        for _ in range(DRAWS):
            if len(drawn) == MOST:
                break
            drawn[draw(rng, family.shapes, SESSIONS)._replace(aspect="all", repaired=False)] += 1
        episodes = list(drawn)
        weights = [EPISODE_SHARE * drawn[episode] / drawn.total() for episode in episodes]
        self.log_prior = np.log([1 - EPISODE_SHARE, *weights])
        shape = (SESSIONS, len(episodes) + 1)
        self.moments = Moments(np.zeros(shape), np.ones(shape), np.zeros(shape))
        self.window = np.zeros(shape, dtype=bool)
        self.breach = np.full(shape, BREACH_WITHOUT)
        self.state = np.zeros(shape, dtype=int)
        self.coming = np.zeros(shape, dtype=int)
        for place, episode in enumerate(episodes, start=1):
            self._lay_out(place, episode)

    def _lay_out(self, place: int, episode: Episode) -> None:
        for session in range(1, SESSIONS + 1):
            row = session - 1
            moment = episode.at(session)
            self.moments.fall[row, place] = moment.fall
            self.moments.noise[row, place] = moment.noise
            self.moments.ceiling[row, place] = moment.ceiling
            self.state[row, place] = STATES.index(moment.state)
            quiet = moment.state is State.QUIET
            before = moment.state if quiet else episode.at(session - 1).state
            self.coming[row, place] = STATES.index(before)
            self.window[row, place] = episode.onset <= session <= episode.last + AFTERWARDS
        if episode.course[0].state is State.FRAME:
            self.breach[episode.onset - 1, place] = BREACH_BEFORE_FRAME
