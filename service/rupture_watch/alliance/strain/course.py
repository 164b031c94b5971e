"""What can happen to a case: a small set of alternatives and how they follow one another.

A case is steady, or a course has begun: a dip of one or two sessions, a slope in stages (both
followed by repair, by compliance or by neither), a step, a quiet withdrawal in which ratings
hardly move, or a break of the frame and then a dip. Time goes in sessions held: an appointment
that was missed or called off lets the course stand still.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple, TypeAlias

if TYPE_CHECKING:
    from rupture_watch.alliance.strain.parameters import StrainParameters

SLOPE_STAGES = 5
STEP_SESSIONS = 3

Moves: TypeAlias = tuple[tuple[int, int, float], ...]
"""(from, to, probability), states by their place."""


class State(NamedTuple):
    """One alternative.

    ``code`` names what else one sees, ``fall`` is how far the rating has fallen (own spreads),
    ``noise`` scales how much it moves.
    """

    name: str
    code: str
    fall: float = 0.0
    noise: float = 1.0


class Course(NamedTuple):
    """All states and moves.

    The first ``window`` states are those in which a rupture begins, the last ``complying`` ones
    are sudden compliance. ``opening`` are the moves at which no course may begin yet,
    ``standing`` those after an appointment without a session.
    """

    states: tuple[State, ...]
    window: int
    complying: int
    steady: int
    moves: Moves
    opening: Moves
    standing: Moves


def _window_states(parameters: StrainParameters) -> list[State]:
    falls = parameters.falls
    slope = [
        State(f"slope_{stage}", "rupture", falls.slope_stage * stage)
        for stage in range(1, SLOPE_STAGES + 1)
    ]
    return [
        State("dip", "rupture", falls.dip),
        State("deep_dip", "rupture", falls.deep_dip),
        State("dip_again", "rupture", falls.dip),
        State("deep_dip_again", "rupture", falls.deep_dip),
        *slope,
        State("step_1", "rupture", falls.step),
        State("quiet", "quiet", noise=parameters.quiet_noise),
        State("frame", "frame"),
        State("frame_dip", "strained", falls.frame),
    ]


def _other_states(parameters: StrainParameters) -> list[State]:
    falls = parameters.falls
    return [
        State("steady", "normal"),
        State("after", "after"),
        State("afterwards", "after"),
        *(State(f"step_{n}", "rupture", falls.step) for n in range(2, STEP_SESSIONS + 1)),
        State("hold", "normal", falls.step),
        State("repairing", "repair", falls.repair),
        State("repaired", "repair"),
        State("complying", "comply"),
        State("complying_on", "comply"),
    ]


def _beginnings(parameters: StrainParameters) -> dict[str, float]:
    onsets = parameters.onsets
    return {
        "dip": onsets.dip,
        "deep_dip": onsets.deep_dip,
        "slope_1": onsets.slope,
        "step_1": onsets.step,
        "quiet": onsets.quiet,
        "frame": onsets.frame / 2.0,
        "frame_dip": onsets.frame / 2.0,
        "complying": onsets.compliance,
    }


def _moves(parameters: StrainParameters) -> dict[str, dict[str, float]]:
    ends = parameters.ends
    begin = _beginnings(parameters)
    end = {
        "complying": ends.to_compliance,
        "repairing": ends.to_repair / 2.0,
        "repaired": ends.to_repair / 2.0,
    }
    over = {**end, "after": 1.0 - sum(end.values())}
    once = {name: share * (1.0 - ends.second_dip) for name, share in over.items()}
    moves = {
        "steady": {**begin, "steady": 1.0 - sum(begin.values())},
        "dip": {**once, "dip_again": ends.second_dip},
        "deep_dip": {**once, "deep_dip_again": ends.second_dip},
        "frame_dip": {**once, "dip_again": ends.second_dip},
        "dip_again": over,
        "deep_dip_again": over,
        "after": _staying("afterwards", ends.afterwards),
        "afterwards": _staying("afterwards", ends.afterwards),
        "frame": {"frame_dip": 1.0},
        "quiet": _staying("quiet", ends.quiet),
        "hold": _staying("hold", ends.hold),
        "repairing": {"repaired": 1.0},
        "repaired": {"steady": 1.0},
        "complying": _staying("complying_on", ends.compliance),
        "complying_on": _staying("complying_on", ends.compliance),
        "slope_1": {"slope_2": 1.0},
        f"slope_{SLOPE_STAGES}": {"hold": 1.0},
        f"step_{STEP_SESSIONS}": {"hold": 1.0},
    }
    stopped = {**end, "hold": 1.0 - sum(end.values())}
    for stage in range(2, SLOPE_STAGES):
        stop = {name: share * ends.slope_stops for name, share in stopped.items()}
        moves[f"slope_{stage}"] = {**stop, f"slope_{stage + 1}": 1.0 - ends.slope_stops}
    for n in range(1, STEP_SESSIONS):
        moves[f"step_{n}"] = {f"step_{n + 1}": 1.0}
    return moves


def _staying(name: str, probability: float) -> dict[str, float]:
    return {name: probability, "steady": 1.0 - probability}


def course_of(parameters: StrainParameters) -> Course:
    """Return the states and moves that these parameters make."""
    window = _window_states(parameters)
    states = (*window, *_other_states(parameters))
    index = {state.name: place for place, state in enumerate(states)}
    by_name = _moves(parameters)
    moves = tuple(
        (index[state.name], index[target], probability)
        for state in states
        for target, probability in by_name[state.name].items()
        if probability > 0.0
    )
    steady = index["steady"]
    opening = ((steady, steady, 1.0), *(move for move in moves if move[0] != steady))
    # A break of the frame may be the very cancellation: the dip is then the next session's. And
    # withdrawal goes on, or ends, between the sessions as well.
    going_on = {index["quiet"], index["frame"]}
    standing = (
        *((place, place, 1.0) for place in range(len(states)) if place not in going_on),
        *(move for move in moves if move[0] in going_on),
    )
    complying = sum(state.code == "comply" for state in states)
    return Course(states, len(window), complying, steady, moves, opening, standing)
