"""What is published about the rule sets that alerts were made by."""

from typing import Annotated, Any

from pydantic import StringConstraints, with_config
from typing_extensions import TypedDict

from rupture_watch.contracts.wire import wire

RuleSetHash = Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{12}$")]


@with_config(wire())
class RuleSetUsed(TypedDict):
    """From here on workers judge by this rule set; the broker's timestamp says since when.

    ``ruleset`` is what alerts name: the first 12 hex digits of the sha256 of ``content``, taken of
    its bytes as they stand in the value.
    """

    ruleset: RuleSetHash
    name: str
    version: str
    content: dict[str, Any]
