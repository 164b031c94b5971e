"""The concepts of the article that are no rule, and why."""

from __future__ import annotations

from typing import NamedTuple


class Context(NamedTuple):
    """One concept that never makes a finding; ``reason`` says what it is instead."""

    id: str
    slug: str
    section: str
    concept: str
    reason: str


CONTEXTS: tuple[Context, ...] = (
    Context(
        "B5",
        "compliance-encouraged",
        "Demand factor",
        "Compliance encouraged by the therapist",
        "One case cannot tell it. A clinic may look at it over all cases together (at least 30"
        " forms of at least 5 cases); it is never an alert, and no figure about a therapist goes"
        " out.",
    ),
    Context(
        "C5",
        "lingering",
        "Dialogue",
        "Lingering with the client's sentiments",
        "The tags `exploration` and `empathy` are context for a reader of the case; too little"
        " of them is no sign of a rupture by itself.",
    ),
    Context(
        "C6",
        "known-again",
        "Dialogue",
        "Known, unknown, known again",
        "It is the repair of an alert: a rating that recovers within three rated sessions closes"
        " it as repaired.",
    ),
    Context(
        "G5",
        "danger",
        "Sabotage",
        "Danger to oneself",
        "A marked risk item (PHQ-9 item 9, critical items elsewhere) goes to the safety topic at"
        " once. It is never an alliance alert: it needs another answer by other people.",
    ),
    Context(
        "K1",
        "strength-across-a-caseload",
        "Conclusion",
        "Strength across a caseload",
        "A clinic may look at it over all cases together (at least 5 cases and 3 therapists); it"
        " is never an alert, and therapists are never compared.",
    ),
)
