"""Which instrument a form is, and what each of its codes stands for."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

from rupture_watch.gateway.mapping.profile import FormMap
from rupture_watch.gateway.mapping.tree import Node, codings, many
from rupture_watch.gateway.mapping.values import folded
from rupture_watch.gateway.mapping.verdict import NotMapped, Why, nothing

if TYPE_CHECKING:
    from collections.abc import Mapping

    from rupture_watch.alliance.instruments import Registry
    from rupture_watch.gateway.mapping.profile import Profile
    from rupture_watch.gateway.mapping.run import Run

OWN_QUESTIONNAIRE: Final = "urn:rupture-watch:questionnaire:"
OWN_SCORE: Final = "urn:rupture-watch:score"
LOINC: Final = "http://loinc.org"
TOTAL: Final = "total"


class FormKey(NamedTuple):
    """The key of one instrument's forms: link ids and codes to items, scores and the total."""

    instrument: str
    respondent: str
    items: Mapping[str, str]
    scores: Mapping[str, str]
    totals: frozenset[str]
    ignored: frozenset[str]
    answers: Mapping[str, float]
    numbered: frozenset[str]
    """Its own items ``1``..``n``: with all of them there the total follows."""


class FormKeys:
    """The keys of all instruments, by questionnaire and by code."""

    def __init__(self, profile: Profile, registry: Registry) -> None:
        self._by_questionnaire: dict[str, FormKey] = {}
        self._by_code: dict[str, tuple[FormKey, str | None]] = {}
        self._items: dict[str, FormKey] = {}
        for instrument in registry:
            stated = profile.instruments.get(instrument.code) or FormMap()
            key = _key(instrument.code, stated, registry)
            for address in (f"{OWN_QUESTIONNAIRE}{instrument.code}", *stated.questionnaires):
                self._by_questionnaire[address] = key
            for code in stated.totals:
                self._by_code[f"{LOINC}|{code}"] = key, None
            for code, score in stated.scores.items():
                self._by_code[f"{LOINC}|{code}"] = key, score
            for code in (*stated.items, *stated.ignored):
                self._items[f"{LOINC}|{code}"] = key
            self._by_code[f"{OWN_SCORE}|{instrument.code}.{TOTAL}"] = key, None
            for part in instrument.subscales:
                self._by_code[f"{OWN_SCORE}|{instrument.code}.{part.code}"] = key, part.code

    def by_questionnaire(self, address: str) -> FormKey | None:
        """Return the key of the forms that a questionnaire's address stands for."""
        return self._by_questionnaire.get(address)

    def by_code(self, system: str, code: str) -> tuple[FormKey, str | None] | None:
        """Return the key of an observed score and the score's code, None for the total."""
        return self._by_code.get(f"{system}|{code}")

    def is_item(self, system: str, code: str) -> bool:
        """Tell whether a code is a single answer of a known instrument, or its panel."""
        return f"{system}|{code}" in self._items


def _key(name: str, stated: FormMap, registry: Registry) -> FormKey:
    codes = registry.codes(name)
    items = [code for code, _, _ in codes.items] if codes else []
    scores = [code for code, _, _ in codes.scores] if codes else []
    instrument = registry.get(name)
    count = instrument.items.count if instrument.items else 0
    return FormKey(
        name,
        stated.respondent,
        {**{code: code for code in items}, **stated.items},
        {**{code: code for code in scores}, **stated.scores},
        frozenset({TOTAL, *stated.totals}),
        frozenset(stated.ignored),
        {folded(word): float(value) for word, value in stated.answers.items()},
        frozenset(str(n) for n in range(1, count + 1)),
    )


def observed(run: Run, keys: FormKeys, resource: Node) -> tuple[FormKey, str | None]:
    """Return the instrument and the score that an Observation states.

    Raises:
        NotMapped: of no known instrument, or a single item.

    """
    found = [pair for concept in many(resource, "code") for pair in codings(concept)]
    for system, code in found:
        known = keys.by_code(system, code)
        if known is not None:
            return known
    if any(keys.is_item(system, code) for system, code in found):
        raise nothing(Why.SINGLE_ITEM, "Observation.code")
    if _is_survey(resource):
        for system, code in found:
            run.unmapped(f"Observation.code#{system}", code, "refused")
        raise NotMapped(Why.UNKNOWN_INSTRUMENT, "Observation.code")
    raise nothing(Why.OTHER_RESOURCE, "Observation.category")


def _is_survey(resource: Node) -> bool:
    """Tell whether an observation comes of a form; a pulse rate is none of our business."""
    return any(
        code == "survey"
        for concept in many(resource, "category")
        for _system, code in codings(concept)
    )
