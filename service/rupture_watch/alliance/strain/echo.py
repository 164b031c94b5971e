"""What earlier facts still say: shares fade as sessions pass, and stay exact in their sum."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from rupture_watch.alliance.strain.level import FRACTIONS, settle

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rupture_watch.alliance.strain.judgement import Judgement, Share

_SESSIONS = 2
_LEAST = 0.25
"""Slighter echoes are not kept by name; they would not change a reader's mind."""


class EchoSnapshot(NamedTuple):
    """An ``Echo`` in plain values, amounts in whole fractions."""

    passage: int
    earlier: int
    kept: tuple[tuple[tuple[str, int], ...], ...]


class Echo:
    """Shares of the last sessions as far as they still count, and the sum of all else."""

    __slots__ = ("_kept", "earlier", "passage")

    def __init__(
        self, passage: float = 0.0, earlier: float = 0.0, kept: Sequence[tuple[Share, ...]] = ()
    ) -> None:
        self.passage = passage
        self.earlier = earlier
        self._kept = list(kept)

    def shares(self) -> tuple[Share, ...]:
        """Return the echoes kept by name, the latest session's first."""
        return tuple([share for session in self._kept for share in session])

    def pass_on(self, judgement: Judgement, excess: float) -> None:
        """Let a session pass after which strain stands ``excess`` above its prior.

        All that was said fades in proportion; where proportion cannot tell it (strain grows by
        itself, or changes sign) the rest is the passage's.
        """
        before = judgement.strain - judgement.prior
        fading = max(0.0, min(1.0, excess / before)) if before else 0.0
        sessions = [judgement.shares, *self._kept]
        kept = [_named(session, fading) for session in sessions[:_SESSIONS]]
        while kept and not kept[-1]:
            kept.pop()
        self._kept = kept
        named = sum([share for session in kept for _, share in session])
        said = before - judgement.passage
        self.earlier = settle(said * fading - named)
        self.passage = settle(excess - named - self.earlier)

    def fork(self) -> Echo:
        """Return an equal one."""
        return Echo(self.passage, self.earlier, self._kept)

    def snapshot(self) -> EchoSnapshot:
        """Return this echo as integers; exact."""
        return EchoSnapshot(
            int(self.passage * FRACTIONS),
            int(self.earlier * FRACTIONS),
            tuple(
                tuple((fact, int(share * FRACTIONS)) for fact, share in session)
                for session in self._kept
            ),
        )

    @classmethod
    def restored(cls, snapshot: EchoSnapshot) -> Echo:
        """Return the one that ``snapshot`` was taken of."""
        passage, earlier, kept = snapshot
        return cls(
            passage / FRACTIONS,
            earlier / FRACTIONS,
            [tuple((fact, share / FRACTIONS) for fact, share in session) for session in kept],
        )


def _named(session: tuple[Share, ...], fading: float) -> tuple[Share, ...]:
    faded = [(fact, settle(share * fading)) for fact, share in session]
    return tuple([(fact, share) for fact, share in faded if abs(share) >= _LEAST])
