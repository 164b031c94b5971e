"""The instruments that are known without configuration, as one table.

Numbers without a remark are those of the rule catalogue's registry. Item keys follow the
publications named beside them; where no key could be found in public sources, ``items`` of a
subscale stay empty, and only stated subscales count.
"""

from __future__ import annotations

from rupture_watch.alliance.instruments import TOTAL, Instrument, ItemRange, Scale, Subscale


def _lines(*roles: tuple[str, str]) -> tuple[Subscale, ...]:
    """Return the four visual analogue lines of the SRS family, each 0-10."""
    return tuple(
        Subscale(code, 0, 10, (number,), Scale(role, 0, 10, 9.9, 9.1, 1.25, 0.8))
        for number, (code, role) in enumerate(roles, start=1)
    )


def _thirds(
    low: float, high: float, prior: tuple[float, float, float], key: dict[str, tuple[int, ...]]
) -> tuple[Subscale, ...]:
    """Return bond, task and goal on one range with one prior (M, tau, s0)."""
    return tuple(
        Subscale(role, low, high, items, Scale(role, low, high, high, *prior))
        for role, items in key.items()
    )


_SESSION_LINES = _lines(
    ("relationship", "bond"), ("goals", "goal"), ("approach", "task"), ("overall", "engagement")
)

INSTRUMENTS: tuple[Instrument, ...] = (
    # Duncan et al. 2003; four lines in the order of the form.
    Instrument(
        "SRS",
        "alliance",
        Scale(TOTAL, 0, 40, 39.5, 36.5, 4.6, 2.5),
        ItemRange(4, 0, 10),
        subscales=_SESSION_LINES,
    ),
    # Duncan and Miller 2007; as the SRS, about the group.
    Instrument(
        "GSRS",
        "alliance",
        Scale(TOTAL, 0, 40, 39.5, 36.5, 4.6, 2.5),
        ItemRange(4, 0, 10),
        subscales=_SESSION_LINES,
    ),
    # Hatcher and Gillaspy 2006.
    Instrument(
        "WAI-SR",
        "alliance",
        Scale(TOTAL, 12, 60, 60, 48, 7.5, 4.1),
        ItemRange(12, 1, 5),
        subscales=_thirds(
            4,
            20,
            (16, 2.8, 1.65),
            {"bond": (3, 5, 7, 9), "task": (1, 2, 10, 12), "goal": (4, 6, 8, 11)},
        ),
    ),
    # Tracey and Kokotovic 1989.
    Instrument(
        "WAI-S",
        "alliance",
        Scale(TOTAL, 12, 84, 84, 66, 10.5, 5.7),
        ItemRange(12, 1, 7),
        reversed_items=frozenset({4, 10}),
        subscales=_thirds(
            4,
            28,
            (22, 3.9, 2.3),
            {"bond": (3, 5, 7, 9), "task": (1, 2, 8, 12), "goal": (4, 6, 10, 11)},
        ),
    ),
    # Horvath and Greenberg 1989, scoring key of the inventory's manual.
    Instrument(
        "WAI",
        "alliance",
        Scale(TOTAL, 36, 252, 252, 198, 31, 17),
        ItemRange(36, 1, 7),
        reversed_items=frozenset({1, 3, 7, 9, 10, 11, 12, 15, 20, 27, 29, 31, 33, 34}),
        subscales=_thirds(
            12,
            84,
            (66, 11.7, 6.9),
            {
                "bond": (1, 5, 8, 17, 19, 20, 21, 23, 26, 28, 29, 36),
                "task": (2, 4, 7, 11, 13, 15, 16, 18, 24, 31, 33, 35),
                "goal": (3, 6, 9, 10, 12, 14, 22, 25, 27, 30, 32, 34),
            },
        ),
    ),
    # Mallinckrodt and Tekie 2016: 8 items of bond, 8 of tasks and goals together. Defaults: the
    # 1-5 response format (the paper found 5- and 4-point schemes), the prior (the WAI-SR's per
    # item, spreads scaled by item count), and that tasks and goals together stand for the task.
    Instrument(
        "BR-WAI",
        "alliance",
        Scale(TOTAL, 16, 80, 80, 64, 10, 5.5),
        ItemRange(16, 1, 5),
        subscales=(
            Subscale("bond", 8, 40, (), Scale("bond", 8, 40, 40, 32, 5.3, 3)),
            Subscale("task_goal", 8, 40, (), Scale("task", 8, 40, 40, 32, 5.3, 3)),
        ),
        keyed=False,
    ),
    # Falkenstroem et al. 2015: best treated as one dimension.
    Instrument(
        "SAI",
        "alliance",
        Scale(TOTAL, 0, 30, 30, 24, 4, 2.2),
        ItemRange(6, 0, 5),
        bond_like=True,
    ),
    # Sent as percent of the range, without parts.
    Instrument("ACORN-ALLIANCE", "alliance", Scale(TOTAL, 0, 100, 100, 92, 10, 6)),
    # Kelley et al. 2010, 8-item version. Defaults: total and its spreads (two halves, r = .5).
    Instrument(
        "RRI-C",
        "real_relationship",
        Scale(TOTAL, 8, 40, 40, 33, 4.5, 2.6),
        ItemRange(8, 1, 5),
        subscales=(
            Subscale("genuineness", 4, 20, (), Scale("genuineness", 4, 20, 20, 16.5, 2.6, 1.5)),
            Subscale("realism", 4, 20, (), Scale("realism", 4, 20, 20, 16.5, 2.6, 1.5)),
        ),
        keyed=False,
    ),
    # Miller et al. 2003; the lines have no series of their own.
    Instrument(
        "ORS",
        "outcome",
        Scale(TOTAL, 0, 40, None, 23, 8, 4, reliable_change=5),
        ItemRange(4, 0, 10),
        subscales=tuple(
            Subscale(code, 0, 10, (number,))
            for number, code in enumerate(
                ("individual", "interpersonal", "social", "overall"), start=1
            )
        ),
    ),
    # Kroenke et al. 2001; item 9 is the risk item.
    Instrument(
        "PHQ-9",
        "symptoms",
        Scale(TOTAL, 0, 27, None, 14.2, 5.5, 2.7, reliable_change=6, sign=-1),
        ItemRange(9, 0, 3),
        risk_items=frozenset({9}),
    ),
    # Spitzer et al. 2006.
    Instrument(
        "GAD-7",
        "symptoms",
        Scale(TOTAL, 0, 21, None, 13.3, 4.6, 2.4, reliable_change=4, sign=-1),
        ItemRange(7, 0, 3),
    ),
    # Lambert et al. 1996. Its positive items are printed with turned numbers: a form's values
    # are summed as they stand. Risk: the published critical items.
    Instrument(
        "OQ-45",
        "symptoms",
        Scale(TOTAL, 0, 180, None, 80, 20, 8, reliable_change=14, sign=-1),
        ItemRange(45, 0, 4),
        risk_items=frozenset({8, 11, 26, 32, 44}),
    ),
    # Barkham et al. 2013. Items 2 and 3 are printed with turned numbers; item 6 is the risk item.
    Instrument(
        "CORE-10",
        "symptoms",
        Scale(TOTAL, 0, 40, None, 19.7, 7, 3.5, reliable_change=6, sign=-1),
        ItemRange(10, 0, 4),
        risk_items=frozenset({6}),
    ),
)

_GOOD = ("safety", "clarity", "hope", "engagement", "understood")
_BAD = ("judged", "shame")

SINGLES: tuple[Scale, ...] = (
    *(Scale(code, 1, 5, None, 4.2, 0.7, 0.6) for code in _GOOD),
    *(Scale(code, 1, 5, None, 1.8, 0.7, 0.6, sign=-1) for code in _BAD),
)
