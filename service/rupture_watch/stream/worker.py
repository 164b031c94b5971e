"""A worker of this service, from its settings to its exit code."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from rupture_watch import logs
from rupture_watch.alliance.ruleset import RuleSetError
from rupture_watch.failures import MISCONFIGURED
from rupture_watch.pipeline import Pipeline
from rupture_watch.rulesets import load_catalogue
from rupture_watch.stream.serving import serve

if TYPE_CHECKING:
    from rupture_watch.settings import Settings

logger = logging.getLogger(__name__)


def run(settings: Settings) -> int:
    """Run a worker until a signal stops it; return its exit code: 0, 70 or 78, as ``serve``."""
    logs.configure(settings.log_level)
    try:
        catalogue = load_catalogue(settings.ruleset)
    except RuleSetError as error:
        logger.critical("unfit", extra={"detail": str(error), "exit": MISCONFIGURED})
        return MISCONFIGURED
    pipeline = Pipeline(catalogue, prefix=settings.topic_prefix)
    return serve(settings, pipeline, ruleset=catalogue.ruleset)
