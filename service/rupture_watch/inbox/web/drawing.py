"""Small pictures drawn on the server: a row's ratings with the client's own band, attendance."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, Final

from markupsafe import Markup, escape

from rupture_watch.inbox.web.words import word

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

WIDTH: Final = 120
HEIGHT: Final = 28
ROW: Final = 10
EDGE: Final = 3
SHOWN: Final = 12


def _(text: str) -> str:
    """Mark a text for translation."""
    return text


RATINGS: Final = _(
    "Last %(count)s ratings, %(instrument)s; the band is this client's own usual range"
)
APPOINTMENTS: Final = _("Last appointments: %(list)s")


def pictures(text: str, say: Callable[[str], str]) -> Markup:
    """Return both pictures of a glance, which is JSON."""
    glance = json.loads(text)
    drawn = Markup()
    if glance["spark"]:
        count, instrument = len(glance["spark"]["points"]), glance["spark"]["instrument"]
        drawn += spark(glance["spark"], say(RATINGS) % {"count": count, "instrument": instrument})
    if glance["strip"]:
        said = ", ".join(say(word("outcome", what)) for _, what, _ in glance["strip"])
        drawn += strip(glance["strip"], say(APPOINTMENTS) % {"list": said})
    return drawn


def spark(found: Mapping[str, Any], title: str) -> Markup:
    """Return the last ratings as a line, the client's own usual range behind it.

    The range of the picture is that of the values and the band, at least a quarter of the scale:
    a picture in which everything moves tells nothing.
    """
    points = found["points"][-SHOWN:]
    lows = [p[1] for p in points] + [p[2] - p[3] for p in points if p[2] is not None]
    highs = [p[1] for p in points] + [p[2] + p[3] for p in points if p[2] is not None]
    low, high = min(lows), max(highs)
    least = (found["high"] - found["low"]) / 4
    if high - low < least:
        low = max(found["low"], high - least)
        high = low + least
    step = (WIDTH - 2 * EDGE) / max(1, SHOWN - 1)
    first = SHOWN - len(points)

    def x(index: int) -> float:
        return round(EDGE + (first + index) * step, 1)

    def y(value: float) -> float:
        value = min(high, max(low, value))
        share: float = (high - value) / (high - low)
        return round(EDGE + (HEIGHT - 2 * EDGE) * share, 1)

    known = [(i, p[2], p[3]) for i, p in enumerate(points) if p[2] is not None]
    band = ""
    if len(known) > 1:
        upper = [f"{x(i)},{y(mean + spread)}" for i, mean, spread in known]
        lower = [f"{x(i)},{y(mean - spread)}" for i, mean, spread in reversed(known)]
        band = f'<polygon class="band" points="{" ".join(upper + lower)}"/>'
    line = " ".join(f"{x(i)},{y(p[1])}" for i, p in enumerate(points))
    last = len(points) - 1
    dot = f'<circle class="last" cx="{x(last)}" cy="{y(points[last][1])}" r="2.5"/>'
    drawn = f'{band}<polyline class="line" points="{line}"/>{dot}'
    return _svg("spark", HEIGHT, title, drawn)


def _svg(kind: str, height: int, title: str, drawn: str) -> Markup:
    """Return a picture; ``drawn`` is made of numbers and our own shapes, ``title`` is escaped."""
    size = f'viewBox="0 0 {WIDTH} {height}" width="{WIDTH}" height="{height}"'
    head = f'<svg class="{kind}" {size} role="img" aria-label="{escape(title)}">'
    return Markup(f"{head}{drawn}</svg>")  # noqa: S704 - see above


SHAPES: Final = {
    "attended": '<circle class="kept" cx="5" cy="5" r="3"/>',
    "late": '<circle class="late" cx="5" cy="5" r="3"/><path class="kept" d="M5 2a3 3 0 0 1 0 6"/>',
    "no_show": '<path class="missed" d="M2 2l6 6M8 2l-6 6"/>',
    "cancelled": '<path class="cancelled" d="M2 5h6"/>',
    "rescheduled": '<path class="moved" d="M2 6.5h5.5M5.5 4.5l2 2-2 2"/>',
}
BY: Final = {
    "client": '<path class="by" d="M3 9.5h4"/>',
    "provider": '<path class="by" d="M3 0.5h4"/>',
}


def strip(found: Sequence[Sequence[Any]], title: str) -> Markup:
    """Return what became of the last appointments, each a shape of its own.

    A stroke under a shape: it was the client's doing; above it: the practice's.
    """
    shown = found[-SHOWN:]
    parts = []
    first = SHOWN - len(shown)
    for index, (_, what, by) in enumerate(shown):
        x = (first + index) * 10
        shape = SHAPES.get(what, "") + (BY.get(by or "", "") if what != "attended" else "")
        parts.append(f'<g transform="translate({x} 0)">{shape}</g>')
    return _svg("strip", ROW, title, "".join(parts))
