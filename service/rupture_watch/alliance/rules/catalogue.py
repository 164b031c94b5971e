"""All rules that a rule set switches on, by the moments at which they judge."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from rupture_watch.alliance.rules.alignment import (
    Accommodation,
    BeliefAgainstBehaviour,
    ClientsTruth,
)
from rupture_watch.alliance.rules.boundaries import ClearBoundaries, RoleExpectations
from rupture_watch.alliance.rules.candour import Honesty, Hope
from rupture_watch.alliance.rules.close_listening import (
    FeltHeard,
    GapsAndMismatches,
    SymptomsAgainstRatings,
    TakenAtFaceValue,
)
from rupture_watch.alliance.rules.corrective_experience import (
    ClientTests,
    FailingTheTest,
    Persist,
)
from rupture_watch.alliance.rules.demand_factor import (
    AbidesWithoutGrowth,
    AgreeingWithTheTherapist,
    NotFreeToBeHonest,
    RatingContradictsBehaviour,
    SymptomGainAsCompliance,
)
from rupture_watch.alliance.rules.dialogue import (
    Enjoyment,
    ExperienceNear,
    JumpingTheGun,
    NotThreatened,
)
from rupture_watch.alliance.rules.falling_bond import Bond, CeilingBroken, FallingBond
from rupture_watch.alliance.rules.frame import InformedConsent, Payment, Privacy
from rupture_watch.alliance.rules.persistence import Attendance, QuietWithdrawal, Troubleshoot
from rupture_watch.alliance.rules.re_enactment import ExpectingFailure, ReEnactment
from rupture_watch.alliance.rules.sabotage import (
    DefaultPosition,
    Domains,
    ExternalMoralLens,
    SelfSabotageAfterProgress,
)
from rupture_watch.alliance.rules.steadiness import (
    FrameViolations,
    StrengthAndStability,
    TooMuchToHandle,
)
from rupture_watch.alliance.rules.studio_and_canvas import (
    ApproachPresented,
    NotAnAdviser,
    ProblemDefined,
    RolesIntroduced,
    SafeSetting,
    TiedToTheProblem,
    ToolsProvided,
)
from rupture_watch.alliance.rules.sudden_compliance import SuddenCompliance
from rupture_watch.alliance.rules.whole_alliance import (
    CollaborativeGoals,
    RealRelationship,
    RespectAtTheStart,
    SharedDecision,
    WholeAlliance,
)
from rupture_watch.alliance.rules.zones_of_engagement import (
    Balance,
    ClientConfronts,
    ConfrontingAtALowBond,
    SignalledZone,
)
from rupture_watch.alliance.ruleset import RuleSet, RuleSetError
from rupture_watch.alliance.strain import Model
from rupture_watch.alliance.strain.reading import ParameterError, parameters_of

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from typing import Any

    from rupture_watch.alliance.rules.rule import Rule

RULES: tuple[type[Rule], ...] = (
    WholeAlliance,
    CollaborativeGoals,
    SharedDecision,
    Bond,
    FallingBond,
    RealRelationship,
    RespectAtTheStart,
    CeilingBroken,
    SuddenCompliance,
    AgreeingWithTheTherapist,
    SymptomGainAsCompliance,
    AbidesWithoutGrowth,
    NotFreeToBeHonest,
    RatingContradictsBehaviour,
    Enjoyment,
    NotThreatened,
    ExperienceNear,
    JumpingTheGun,
    FeltHeard,
    GapsAndMismatches,
    SymptomsAgainstRatings,
    TakenAtFaceValue,
    ProblemDefined,
    ApproachPresented,
    RolesIntroduced,
    TiedToTheProblem,
    NotAnAdviser,
    SafeSetting,
    ToolsProvided,
    Balance,
    SignalledZone,
    ConfrontingAtALowBond,
    ClientConfronts,
    SelfSabotageAfterProgress,
    DefaultPosition,
    Domains,
    ExternalMoralLens,
    BeliefAgainstBehaviour,
    Accommodation,
    ClientsTruth,
    InformedConsent,
    Privacy,
    FrameViolations,
    Payment,
    RoleExpectations,
    ClearBoundaries,
    StrengthAndStability,
    TooMuchToHandle,
    Honesty,
    Hope,
    ClientTests,
    FailingTheTest,
    Persist,
    ReEnactment,
    ExpectingFailure,
    Troubleshoot,
    QuietWithdrawal,
    Attendance,
)
"""Every rule in the order of the article; the earlier speaks first, and judges first."""

_RANKS = {rule.id: rank for rank, rule in enumerate(RULES)}


class Catalogue:
    """The rules of one rule set, ready to judge; shared by all cases.

    Raises:
        RuleSetError: a rule is unknown, or one of its numbers is missing.

    """

    def __init__(self, ruleset: RuleSet) -> None:
        """Prepare every rule that is switched on."""
        self.ruleset = ruleset
        self.engine: Mapping[str, Any] = ruleset.engine
        self.model = strain_model(ruleset)
        self.by_id: dict[str, Rule] = {}
        self.on: dict[str, list[Rule]] = {}
        self._reading: dict[tuple[str, tuple[str, ...]], Sequence[Rule]] = {}
        if unknown := set(ruleset.content["rules"]) - set(_RANKS):
            message = f"rule set: unknown rule {', '.join(sorted(unknown))}"
            raise RuleSetError(message)
        for kind in RULES:
            numbers = ruleset.rule(kind.id)
            if numbers is None:
                continue
            try:
                rule = kind(numbers)
            except KeyError as error:
                message = f"rule set: rules.{kind.id}.{error.args[0]} is missing"
                raise RuleSetError(message) from error
            self.by_id[rule.id] = rule
            for occasion in rule.occasions:
                self.on.setdefault(occasion, []).append(rule)

    @property
    def troubleshoot(self) -> Troubleshoot | None:
        """Return the rule that follows up on alerts, if it is on."""
        rule = self.by_id.get(Troubleshoot.id)
        return rule if isinstance(rule, Troubleshoot) else None

    def reading(self, occasion: str, codes: tuple[str, ...]) -> Sequence[Rule]:
        """Return the rules that a form with these codes concerns at this occasion."""
        found = self._reading.get((occasion, codes))
        if found is None:
            found = self._reading[occasion, codes] = tuple(
                rule
                for rule in self.on.get(occasion, ())
                if not rule.reads or not set(rule.reads).isdisjoint(codes)
            )
        return found

    def rank(self, rule_id: str) -> int:
        """Return where a rule stands in the catalogue; the earlier speaks first."""
        return _RANKS[rule_id]


def strain_model(ruleset: RuleSet) -> Model | None:
    """Return the tables of the strain filter, or None where the rule set asks for the simple one.

    Raises:
        RuleSetError: the rule set asks for another kind.

    """
    engine = ruleset.engine
    if engine["strain"] == "simple":
        return None
    if engine["strain"] != "filter":
        raise RuleSetError('rule set: engine.strain must be "filter" or "simple"')
    try:
        parameters = parameters_of(ruleset.content.get("strain", {}))
    except ParameterError as error:
        raise RuleSetError(f"rule set: strain: {error}") from error
    limit, compliance_limit = float(engine["strain_limit"]), float(engine["compliance_limit"])
    return Model(replace(parameters, limit=limit, compliance_limit=compliance_limit))
