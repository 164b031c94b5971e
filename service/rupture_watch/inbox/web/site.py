"""What all pages share: the database, the way to Kafka, the rules, and who judges beside them."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from starlette.requests import Request

    from rupture_watch.inbox.cases.judges import Judges
    from rupture_watch.inbox.deciding import Decisions
    from rupture_watch.inbox.hub import Hub
    from rupture_watch.inbox.rules.backtesting import Backtests
    from rupture_watch.inbox.settings import InboxSettings
    from rupture_watch.inbox.storage.database import Database

STATIC: Final = Path(__file__).parent.parent / "static"
SCRIPTS: Final = ("vendor/htmx.min.js", "vendor/uPlot.iife.min.js")
STYLES: Final = ("vendor/uPlot.min.css",)


@dataclass(slots=True)
class Site:
    """One running inbox.

    ``pages`` judges what a page waits for, ``background`` what nobody waits for.
    """

    settings: InboxSettings
    database: Database
    hub: Hub
    decisions: Decisions
    ruleset: str | None
    data_dir: Path
    pages: Judges
    background: Judges
    backtests: Backtests
    address: str
    version: str

    @property
    def https(self) -> bool:
        """Tell whether browsers reach the page by TLS."""
        return self.address.startswith("https://")

    @property
    def is_stale(self) -> bool:
        """Tell whether Kafka has been silent for too long."""
        return self.hub.freshness.is_stale(self.settings.stale_after)

    @property
    def cookie(self) -> str:
        """Return the name of the session's cookie; the prefix binds it to this very host."""
        return "__Host-rupture-watch" if self.https else "rupture-watch"

    @property
    def missing_assets(self) -> list[str]:
        """Return the libraries that were not copied at build; the page works without them."""
        return [name for name in (*SCRIPTS, *STYLES) if not (STATIC / name).is_file()]


def site_of(request: Request) -> Site:
    """Return the site that answers a request."""
    site: Site = request.app.state.site
    return site


def fingerprint() -> str:
    """Return what names this state of the static files, so that browsers may keep them."""
    digest = hashlib.sha256()
    for path in sorted(STATIC.rglob("*")):
        if path.is_file():
            digest.update(path.read_bytes())
    return digest.hexdigest()[:12]
