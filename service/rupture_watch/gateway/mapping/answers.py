"""What a QuestionnaireResponse says: items, scores and total by the instrument's own codes."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from rupture_watch.gateway.mapping.tree import Node, codings, many, nodes, text
from rupture_watch.gateway.mapping.values import coded, value_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rupture_watch.gateway.mapping.instruments import FormKey
    from rupture_watch.gateway.mapping.run import Run

DEEPEST: Final = 12
CONTRADICTION: Final = "total_contradicts_items"


@dataclass(slots=True)
class Answers:
    """The numbers of one form; ``missing`` counts items of the instrument that are not there."""

    items: dict[str, float] = field(default_factory=dict)
    scores: dict[str, float] = field(default_factory=dict)
    total: float | None = None
    missing: int = 0

    @property
    def is_empty(self) -> bool:
        """Whether nothing is said."""
        return not self.items and not self.scores and self.total is None


def read_answers(run: Run, key: FormKey, response: Node) -> Answers:
    """Read all items, however deep they are nested; with all items there a stated total is dropped.

    The items win over a total that contradicts them; that is counted.
    """
    found = Answers()
    for item in _items(response, 0):
        names = _names(item)
        if names & key.ignored:
            continue
        for answer in nodes(item, "answer"):
            value = value_of(answer, key.answers)
            if not _take(key, names, value, found):
                table = (
                    f"{key.instrument}.item" if value is not None else f"{key.instrument}.answer"
                )
                code = text(item, "linkId") if value is not None else coded(answer)
                if code is not None:
                    run.unmapped(table, code, "left out")
    given = key.numbered & found.items.keys()
    if key.numbered and given == key.numbered:
        turned = run.registry.get(key.instrument).reversed_items
        plain_sum = sum(found.items[name] for name in given)
        if found.total is not None and not turned and found.total != plain_sum:
            run.tally.assumed[CONTRADICTION] += 1
        found.total = None
    elif given:
        found.missing = len(key.numbered) - len(given)
    return found


def _items(node: Node, depth: int) -> Iterator[Node]:
    """Yield items in groups and below answers, as deep as any form goes."""
    if depth > DEEPEST:
        return
    for item in nodes(node, "item"):
        yield item
        yield from _items(item, depth + 1)
        for answer in nodes(item, "answer"):
            yield from _items(answer, depth + 1)


def _names(item: Node) -> set[str]:
    """Return everything an item may be known by: its link id, its codes."""
    link = text(item, "linkId")
    names = {code for concept in many(item, "code") for _system, code in codings(concept)}
    if link is not None:
        names |= {link, link.strip("/")}
    return names


def _take(key: FormKey, names: set[str], value: float | None, found: Answers) -> bool:
    if value is None:
        return False
    for name in sorted(names):
        if name in key.items:
            found.items[key.items[name]] = value
            return True
        if name in key.scores:
            found.scores[key.scores[name]] = value
            return True
        if name in key.totals:
            found.total = value
            return True
    return False
