"""What strain says of one session, and what each fact brought to it."""

from __future__ import annotations

from typing import NamedTuple, TypeAlias

Share: TypeAlias = tuple[str, float]
"""A fact and its log ratio: how much more probable it is where a rupture begins than where not."""


class Judgement(NamedTuple):
    """One session judged from facts not later than it.

    ``strain`` is the log odds that a rupture begins here, ``compliance`` the log odds of sudden
    compliance. ``prior`` is what strain would be without any fact. ``shares`` are those of this
    session's facts, in the order given; ``echoes`` what is left of the last sessions' shares,
    ``earlier`` of all older or slight ones, ``passage`` what time itself made of them. Up to
    float rounding strain = prior + passage + earlier + the sum of shares and echoes.
    """

    strain: float
    compliance: float
    prior: float
    passage: float
    earlier: float
    shares: tuple[Share, ...]
    echoes: tuple[Share, ...]
