"""Random streams by name, and the one question that is put to them most."""

from __future__ import annotations

from random import Random


def dice(*path: object) -> Random:
    """Return the random stream of one place in the clinic, the same for the same path.

    Each case, therapist and kind of disorder has a stream of its own, so that more cases or more
    wrong data never change what happens to a given case.
    """
    return Random("/".join(map(str, path)))


def chance(rng: Random, probability: float) -> bool:
    """Tell whether something of this probability happens."""
    return rng.random() < probability
