"""Who may do and see what: the one matrix that every route and every page asks.

A role sees only what its work needs. The tests hold every route against this table.
"""

from __future__ import annotations

from enum import StrEnum
from types import MappingProxyType
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Mapping


class Role(StrEnum):
    """What a person is here for."""

    THERAPIST = "therapist"
    LEAD = "lead"
    OPS = "ops"
    AUDITOR = "auditor"


class Right(StrEnum):
    """Something that may be done."""

    SEE_CASES = "see_cases"
    """Inbox, cases and repairs: a therapist's own ones and those that are nobody's."""
    SEE_ALL_CASES = "see_all_cases"
    """Also the cases of others."""
    ANSWER = "answer"
    """Acknowledge, dismiss, open and confirm a repair, reopen, add context."""
    HAND_OVER = "hand_over"
    """Say whose case it is, also another's."""
    SEE_AGGREGATES = "see_aggregates"
    """Figures of the service as a whole, suppressed where they are of few."""
    SEE_RULES = "see_rules"
    TRY_RULES = "try_rules"
    """Try a change on the stored facts, and publish it as a new version."""
    SEE_HEALTH = "see_health"
    MANAGE_USERS = "manage_users"
    SEE_AUDIT = "see_audit"


RIGHTS: Final[Mapping[Role, frozenset[Right]]] = MappingProxyType(
    {
        Role.THERAPIST: frozenset({Right.SEE_CASES, Right.ANSWER, Right.SEE_RULES}),
        Role.LEAD: frozenset(
            {
                Right.SEE_CASES,
                Right.SEE_ALL_CASES,
                Right.ANSWER,
                Right.HAND_OVER,
                Right.SEE_AGGREGATES,
                Right.SEE_RULES,
                Right.TRY_RULES,
                Right.SEE_HEALTH,
                Right.MANAGE_USERS,
            }
        ),
        Role.OPS: frozenset({Right.SEE_HEALTH}),
        Role.AUDITOR: frozenset({Right.SEE_AUDIT, Right.SEE_RULES}),
    }
)


def is_role(name: str) -> bool:
    """Tell whether there is such a role."""
    return name in {role.value for role in Role}


def may(role: str, right: Right) -> bool:
    """Tell whether a role has a right; an unknown role has none."""
    return right in RIGHTS[Role(role)] if is_role(role) else False


def home(role: str) -> str:
    """Return the first page of a role."""
    if may(role, Right.SEE_CASES):
        return "/"
    return "/audit" if may(role, Right.SEE_AUDIT) else "/health"
