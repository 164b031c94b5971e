"""A course that is listened to: what every rule reported, whatever became of it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rupture_watch.alliance.course import Course

if TYPE_CHECKING:
    from rupture_watch.alliance.findings import Finding
    from rupture_watch.alliance.rules.catalogue import Catalogue
    from rupture_watch.alliance.setting import Setting


class Listening(Course):
    """A course that remembers every finding as it was reported, and may be held strained."""

    def __init__(
        self,
        case: str,
        catalogue: Catalogue,
        setting: Setting,
        *,
        strained: bool | None,
        compliant: bool | None,
    ) -> None:
        super().__init__(case, catalogue, setting)
        self.heard: list[Finding] = []
        self.held = strained
        self.compliant = compliant

    @property
    def is_strained(self) -> bool:
        """Tell what the test wants to be told, or what the evidence says."""
        return super().is_strained if self.held is None else self.held

    @property
    def is_compliant(self) -> bool:
        """Tell what the test wants to be told, or what the evidence says."""
        return super().is_compliant if self.compliant is None else self.compliant

    def report(self, finding: Finding) -> None:
        self.heard.append(finding)
        super().report(finding)
