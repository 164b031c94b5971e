"""What every rule has: its place in the article, its words, and one judgement."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar, NamedTuple

from rupture_watch.alliance.facts import DAY
from rupture_watch.alliance.findings import NOTE, Finding, RuptureType, Source

if TYPE_CHECKING:
    from collections.abc import Mapping

    from rupture_watch.alliance.course import Course
    from rupture_watch.alliance.findings import Clears, Evidence, Watch


class Clause(NamedTuple):
    """One clause of a rule, where it differs from the rule: its source, end, kind of truth, type.

    ``type`` None leaves the type to the rule, or to the course where the rule names none.
    """

    source: Source
    clears: Clears
    factual: bool
    type: RuptureType | None = None


class Rule:
    """One concept of the article as a signal; subclasses say what they judge.

    ``occasions`` names the moments at which ``judge`` is asked; at a form only where the form has
    one of the codes that the rule ``reads`` (none named: at every form). A ``factual`` rule speaks
    of what somebody did or omitted and keeps its severity; any other finding can happen by chance
    and is a note unless strain, the combined evidence, is over the rule set's limit
    (``own_limit``: the rule brings a limit of its own).
    """

    id: ClassVar[str]
    slug: ClassVar[str]
    version: ClassVar[str] = "1.0.0"
    section: ClassVar[str]
    concept: ClassVar[str]
    type: ClassVar[RuptureType | None] = None
    source: ClassVar[Source]
    factual: ClassVar[bool] = False
    own_limit: ClassVar[bool] = False
    occasions: ClassVar[tuple[str, ...]]
    reads: ClassVar[tuple[str, ...]] = ()
    clears: ClassVar[Clears]
    clears_when: ClassVar[str]
    considerations: ClassVar[tuple[str, ...]]

    def __init__(self, numbers: Mapping[str, Any]) -> None:
        """Take the rule's numbers from the rule set; ``KeyError`` names a missing one."""
        self.severity: int = numbers["severity"]
        self.numbers = numbers
        self.prepare()

    def prepare(self) -> None:
        """Bind the numbers that ``judge`` uses (subclasses)."""

    def judge(self, course: Course) -> Finding | None:
        """Judge the present moment of ``course``."""
        raise NotImplementedError

    def is_news(self, course: Course, sessions: int) -> bool:
        """Tell whether something that lasts is to be said (again).

        A note on it is made once in ``sessions`` sessions; under strain it is always said, for
        then it weighs more.
        """
        held = len(course.sessions)
        last = course.memory.get(self.id)
        if last is not None and held - last < sessions and not course.is_strained:
            return False
        course.memory[self.id] = held
        return True

    def is_told(self, course: Course) -> bool:
        """Tell whether what could be chance has its severity: strain decides, or an own limit."""
        return course.is_strained

    def finding(
        self,
        course: Course,
        statement: str,
        evidence: tuple[Evidence, ...],
        *,
        severity: int | None = None,
        watch: Watch | None = None,
        steps: tuple[str, ...] = (),
        clause: Clause | None = None,
    ) -> Finding:
        """Make a finding of this rule, its severity gated and capped by the course.

        ``clause`` replaces what the rule is in general where one of its clauses differs. Where
        something is ``watch``ed, the first piece of evidence is its low.
        """
        clause = clause or Clause(self.source, self.clears, factual=self.factual)
        severity = self.severity if severity is None else severity
        if not clause.factual:
            # In a session whose rating means less, strain means less: nothing leans on it.
            told = self.is_told(course) and not course.is_capped
            severity = severity if told else NOTE
        return Finding(
            rule=self.id,
            type=clause.type or self.type or course.rupture_type(),
            source=clause.source,
            severity=severity,
            trigger=course.trigger(),
            evidence=evidence if clause.factual else _with_shares(course, evidence),
            statement=statement,
            clears=clause.clears,
            steps=steps,
            watch=watch,
            low=evidence[0].value if watch and evidence else None,
            raises_by_frame=clause.source is Source.RATINGS and _fell_with_the_frame(course),
        )

    def is_done_by(self, _finding: Finding, _fact: object) -> bool:
        """Tell whether a fact of an awaited kind is all that ``finding`` waits for."""
        return True


def _with_shares(course: Course, evidence: tuple[Evidence, ...]) -> tuple[Evidence, ...]:
    """Return evidence with what each fact brought to strain; a fact is weighed once."""
    shares = dict(course.strain.shares())
    return tuple(
        one._replace(share=round(shares.pop(one.fact), 2)) if one.fact in shares else one
        for one in evidence
    )


def _fell_with_the_frame(course: Course) -> bool:
    """Tell whether the bond of the present form fell soon after the frame was strained."""
    bond = course.points("bond")
    engine = course.engine
    if (
        bond is None
        or not course.load.breaks
        or bond.deviation.z >= engine["fell_z"]
        or bond.deviation.prior_ratings < engine["judged_from"]
    ):
        return False
    since = course.now - int(engine["frame_window_days"] * DAY)
    loaded: bool = course.load.highest(since, course.now) >= engine["frame_load"]
    return loaded
