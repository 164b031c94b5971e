"""Who one simulated client is: instrument, habits, symptoms, and what the clinic records of them.

Shares of instruments and feeds are defaults of this simulation: most services that measure the
alliance each session use the four lines of the SRS, some the WAI-SR.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from rupture_watch.operations.simulate.dice import chance, dice
from rupture_watch.operations.simulate.episodes import NOTHING, Episode, State, draw
from rupture_watch.operations.simulate.symptoms import SymptomCourse

if TYPE_CHECKING:
    from random import Random

    from rupture_watch.operations.simulate.answers import Respondent
    from rupture_watch.operations.simulate.conduct import Conduct, Habits
    from rupture_watch.operations.simulate.families import Family

INSTRUMENTS: Final = {"SRS": 0.66, "WAI-SR": 0.30, "GSRS": 0.04}
MONTHLY: Final = 4
"""Sessions between two forms of a measure that is filled once a month."""

EXTRAS: Final = ("safety", "hope", "clarity", "understood")


@dataclass(frozen=True)
class Feeds:
    """What is recorded of one case, and how.

    ``detail`` says what an alliance form carries: ``scores``, ``items`` or ``total``.
    ``nightly`` means that an attendance status comes from the health record's job of the
    following night, else from the front desk at once.
    """

    paper: bool
    detail: str
    numbered: bool
    nightly: bool
    therapist_forms: bool
    tags: bool
    extras: bool
    video: bool
    group: str | None


@dataclass(frozen=True)
class Client:
    """One client for the length of one case."""

    case: str
    instrument: str
    sessions: int
    fortnightly: bool
    habits: Habits
    feeds: Feeds
    respondent: Respondent
    symptoms: tuple[tuple[SymptomCourse, int], ...]
    episode: Episode
    family: Family

    def conduct(self, state: State) -> Conduct:
        """Return how the client's state changes conduct."""
        return self.family.conduct[state]


def draw_feeds(rng: Random, instrument: str) -> Feeds:
    """Draw what is recorded of one client who fills this instrument."""
    itemised = instrument == "WAI-SR"
    shares = (0.3, 0.62, 0.08) if itemised else (0.8, 0.15, 0.05)
    return Feeds(
        paper=chance(rng, 0.12),
        detail=rng.choices(("scores", "items", "total"), shares)[0],
        numbered=chance(rng, 0.3),
        nightly=chance(rng, 0.5),
        therapist_forms=chance(rng, 0.3),
        tags=chance(rng, 0.5),
        extras=chance(rng, 0.08),
        video=chance(rng, 0.25),
        group=f"group-{rng.randrange(40):02d}" if instrument == "GSRS" else None,
    )


def _symptoms(rng: Random, instrument: str) -> tuple[tuple[SymptomCourse, int], ...]:
    """Return the symptom measures with their interval in sessions."""
    found = []
    if instrument != "WAI-SR" and chance(rng, 0.6):
        found.append((SymptomCourse(rng, "ORS", itemised=False), 1))
    if chance(rng, 0.6):
        interval = 1 if chance(rng, 0.33) else MONTHLY
        found.append((SymptomCourse(rng, "PHQ-9", itemised=chance(rng, 0.6)), interval))
    if chance(rng, 0.3):
        found.append((SymptomCourse(rng, "GAD-7", itemised=chance(rng, 0.6)), MONTHLY))
    return tuple(found)


def draw_client(
    seed: int,
    number: int,
    family: Family,
    *,
    sessions: tuple[int, int],
    episode_share: float,
    spread: float,
) -> Client:
    """Draw client ``number`` of the clinic with this seed.

    ``sessions`` is the range of planned sessions, ``episode_share`` the share of clients to whom
    anything happens, ``spread`` multiplies every within-person SD.
    """
    rng = dice(seed, family.name, number, "client")
    case = f"c{number:05d}-{rng.getrandbits(32):08x}"
    instruments = family.instruments
    instrument = rng.choices(list(instruments), list(instruments.values()))[0]
    planned = rng.randint(*sessions)
    fate = dice(seed, family.name, number, "episode")
    happens = chance(fate, episode_share)
    episode = draw(fate, family.shapes, planned) if happens else NOTHING
    phi = rng.uniform(*family.autocorrelation)
    respondent = family.respond(
        dice(seed, family.name, number, "alliance"),
        instrument,
        spread=spread,
        phi=phi,
        aspect=episode.aspect,
    )
    return Client(
        case=case,
        instrument=instrument,
        sessions=planned,
        fortnightly=chance(rng, 0.15),
        habits=family.habits(rng),
        feeds=family.feeds(rng, instrument),
        respondent=respondent,
        symptoms=_symptoms(rng, instrument),
        episode=episode,
        family=family,
    )
