"""The rule sets that ship with the service, and how one is chosen: by name, or by its file."""

from __future__ import annotations

from importlib.resources import files
from pathlib import Path
from typing import Final

from rupture_watch.alliance.overriding import OverrideError
from rupture_watch.alliance.rules.catalogue import Catalogue
from rupture_watch.alliance.ruleset import RuleSet, RuleSetError
from rupture_watch.rulesets.profile import laid_over, layers
from rupture_watch.rulesets.shape import check

__all__ = ["DEFAULT", "SHIPPED", "load_catalogue", "load_ruleset", "read_text"]

DEFAULT: Final = "default"
SHIPPED: Final = (DEFAULT, "strict", "lenient", "plain")
"""Names of the rule sets that ship with the service; a file of such a name is ``./strict``."""


def load_catalogue(source: str | Path | None = None) -> Catalogue:
    """Return the rules of a shipped rule set, or of the file ``source``; None: the default.

    Raises:
        RuleSetError: the file cannot be read or is no rule set.

    """
    return Catalogue(load_ruleset(source))


def load_ruleset(source: str | Path | None = None) -> RuleSet:
    """Return a shipped rule set by its name, or that of the file ``source``; None: the default.

    Raises:
        RuleSetError: the file cannot be read or is no rule set.

    """
    return parse(read_text(source))


def read_text(source: str | Path | None = None) -> str:
    """Return the text of a rule set as it stands in its file.

    Raises:
        RuleSetError: the file cannot be read.

    """
    name = DEFAULT if source is None else str(source)
    try:
        if name in SHIPPED:
            return files(__name__).joinpath(f"{name}.toml").read_text("utf-8")
        return Path(name).read_text("utf-8")
    except FileNotFoundError as error:
        message = f"rule set: no such file, and none of {', '.join(SHIPPED)}"
        raise RuleSetError(message) from error
    except (OSError, UnicodeDecodeError) as error:
        message = f"rule set: cannot be read ({type(error).__name__})"
        raise RuleSetError(message) from error


def layered(text: str) -> list[str]:
    """Return the texts that a rule set is made of: what it extends first, itself last.

    Raises:
        RuleSetError: it extends none that ships with the service.

    """
    return layers(text, {name: read_text(name) for name in SHIPPED})


def parse(text: str) -> RuleSet:
    """Return the whole rule set of a text, whatever it extends.

    Raises:
        RuleSetError: the text is no rule set.

    """
    content = laid_over(layered(text))
    check(content, laid_over([read_text(DEFAULT)]))
    ruleset = RuleSet.of(content)
    try:
        _ = ruleset.registry
    except OverrideError as error:
        message = f"rule set: {error}"
        raise RuleSetError(message) from error
    return ruleset
