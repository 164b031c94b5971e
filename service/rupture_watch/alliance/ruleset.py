"""The rule set: every number a rule uses, with its source, as read from its file.

The file is data: thresholds, severities, on and off. Its hash goes into every alert, so that one
can tell by which numbers a finding was made.
"""

from __future__ import annotations

import json
import tomllib
from dataclasses import dataclass
from functools import cached_property
from hashlib import sha256
from typing import TYPE_CHECKING, Any

from rupture_watch.alliance.alerts import Terms, days
from rupture_watch.alliance.instruments import Registry

if TYPE_CHECKING:
    from collections.abc import Mapping

HASH_DIGITS = 12
SECTIONS = frozenset(
    {"name", "version", "engine", "alert", "frame_load", "rules", "instruments", "strain"}
)


class RuleSetError(ValueError):
    """The rule set cannot be used; the command line shows the one-line message and exits 78."""


@dataclass(frozen=True)
class RuleSet:
    """A validated rule set; ``content`` is the whole text as plain values."""

    name: str
    version: str
    content: Mapping[str, Any]

    @classmethod
    def parse(cls, text: str) -> RuleSet:
        """Read a rule set that stands alone.

        Raises:
            RuleSetError: the text is no TOML, or a section is missing or unknown.

        """
        try:
            content = tomllib.loads(text)
        except tomllib.TOMLDecodeError as error:
            message = f"rule set: no valid TOML ({error})"
            raise RuleSetError(message) from error
        return cls.of(content)

    @classmethod
    def of(cls, content: Mapping[str, Any]) -> RuleSet:
        """Return the rule set of content that was read already.

        Raises:
            RuleSetError: a section is missing or unknown.

        """
        if unknown := set(content) - SECTIONS:
            message = f"rule set: unknown section {', '.join(sorted(unknown))}"
            raise RuleSetError(message)
        if missing := {"name", "version", "engine", "alert", "frame_load", "rules"} - set(content):
            message = f"rule set: missing section {', '.join(sorted(missing))}"
            raise RuleSetError(message)
        return cls(content["name"], content["version"], content)

    @cached_property
    def canonical(self) -> bytes:
        """Return the whole content as JSON, the same bytes for the same numbers."""
        return json.dumps(self.content, sort_keys=True, separators=(",", ":")).encode()

    @cached_property
    def hash(self) -> str:
        """Return the sha256 prefix that names these very numbers."""
        return sha256(self.canonical).hexdigest()[:HASH_DIGITS]

    @cached_property
    def registry(self) -> Registry:
        """Return the instruments, with this rule set's priors."""
        registry = Registry.default()
        overrides = self.content.get("instruments")
        return registry.with_overrides(overrides) if overrides else registry

    @property
    def engine(self) -> Mapping[str, Any]:
        """Return the numbers that all rules share."""
        engine: Mapping[str, Any] = self.content["engine"]
        return engine

    @property
    def weights(self) -> Mapping[str, Any]:
        """Return the weights of the frame load."""
        weights: Mapping[str, Any] = self.content["frame_load"]
        return weights

    def rule(self, rule_id: str) -> Mapping[str, Any] | None:
        """Return the numbers of one rule, or None where it is switched off."""
        numbers: Mapping[str, Any] | None = self.content["rules"].get(rule_id)
        return numbers if numbers is not None and numbers.get("enabled", True) else None

    @cached_property
    def terms(self) -> Terms:
        """Return the numbers of an alert's life."""
        alert = self.content["alert"]
        try:
            return Terms(
                note_window=days(alert["note_window_days"]),
                independent_window=days(alert["independent_window_days"]),
                cool_down_ratings=alert["cool_down_rated_sessions"],
                cool_down=days(alert["cool_down_days"]),
                confirmed_ratings=alert["confirmed_rated_sessions"],
                unrepaired_ratings=alert["unrepaired_rated_sessions"],
                close_ratings=alert["close_rated_sessions"],
                unrepaired_after=days(alert["unrepaired_days"]),
                unacknowledged_after=days(alert["unacknowledged_days"]),
                event_expiry=days(alert["event_expiry_days"]),
                historic_after=days(alert["historic_days"]),
            )
        except KeyError as error:
            message = f"rule set: alert.{error.args[0]} is missing"
            raise RuleSetError(message) from error
