"""A mapping: how one source's words become ours. TOML, validated, laid over shipped presets."""

from __future__ import annotations

import tomllib
from importlib.resources import files
from typing import TYPE_CHECKING, Annotated, Any, Final, Literal, TypeAlias
from zoneinfo import ZoneInfo

from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    PlainSerializer,
    StrictFloat,
    StrictInt,
    StringConstraints,
    ValidationError,
)

from rupture_watch.contracts.attendance import AppointmentStatus, CancellationReason, SessionMode
from rupture_watch.contracts.ratings import Respondent
from rupture_watch.contracts.wire import Person, Source
from rupture_watch.settings import InvalidSettings

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

PRESETS: Final = ("fhir", "hl7v2", "nhs", "instruments")
_BASE: Final = "base"
NONE: Final = "none"
BY_STATUS: Final = "by_status"


class InvalidMapping(InvalidSettings):
    """A mapping cannot be used; the line names the field. Exit code 78."""


class _Table(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)


class Outcome(_Table):
    """What a status word says of an appointment, and by whom where the word itself tells."""

    status: AppointmentStatus | Literal["none", "by_status"]
    initiator: Person = "unknown"


class ReasonCode(_Table):
    """What a reason says: a code of the contract (its own where absent), and who it was."""

    code: CancellationReason | None = None
    initiator: Person = "unknown"


def _spelt_out(value: object) -> object:
    return {"status": value} if isinstance(value, str) else value


def _zone(value: object) -> object:
    if isinstance(value, str):
        try:
            return ZoneInfo(value)
        except (OSError, ValueError) as error:  # ZoneInfoNotFoundError is a KeyError
            raise ValueError("no such time zone") from error
        except KeyError as error:
            raise ValueError("no such time zone") from error
    return value


OutcomeWord: TypeAlias = Annotated[Outcome, BeforeValidator(_spelt_out)]
Outcomes: TypeAlias = dict[str, OutcomeWord]
Zone: TypeAlias = Annotated[
    ZoneInfo, BeforeValidator(_zone), PlainSerializer(lambda zone: zone.key)
]
Word: TypeAlias = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9._:/-]{0,200}$")]


class Assume(_Table):
    """What is taken where the source is silent; each use is counted."""

    cancelled_notice_hours: Annotated[float, Field(ge=0, le=8760)]


class Patient(_Table):
    """How a patient is told apart."""

    systems: list[str]
    domains: dict[str, str]


class Fhir(_Table):
    """Words of FHIR."""

    bases: list[str]
    appointment_status: Outcomes
    encounter_status: Outcomes


class Hl7v2(_Table):
    """Words of HL7 v2."""

    triggers: Outcomes
    filler_status: Outcomes
    reasons: dict[str, ReasonCode]


class FormMap(_Table):
    """How one instrument's forms are written by others: codes and link ids, never wording."""

    questionnaires: list[str] = []
    respondent: Respondent = "client"
    totals: list[str] = []
    ignored: list[str] = []
    items: dict[str, str] = {}
    scores: dict[str, str] = {}
    answers: dict[str, StrictInt | StrictFloat] = {}


class Profile(_Table):
    """One whole mapping."""

    source: Source
    namespace: Word
    timezone: Zone
    sessions: Literal["day", "encounter"]
    services: list[str]
    assume: Assume
    patient: Patient
    modes: dict[str, SessionMode]
    fhir: Fhir
    hl7v2: Hl7v2
    reasons: dict[str, dict[str, ReasonCode]] = {}
    codes: dict[str, Outcomes] = {}
    instruments: dict[str, FormMap] = {}

    model_config = ConfigDict(
        extra="forbid", frozen=True, hide_input_in_errors=True, arbitrary_types_allowed=True
    )


def load(file: Path | None = None) -> Profile:
    """Return the shipped mapping, or the file's laid over it.

    A file may name the presets it wants (``presets = ["fhir"]``); without that it has all.

    Raises:
        InvalidMapping: unreadable, or not a mapping.

    """
    if file is None:
        return parse("")
    try:
        return parse(file.read_text("utf-8"))
    except (OSError, UnicodeDecodeError) as error:
        raise InvalidMapping(f"mapping: cannot be read ({type(error).__name__})") from error


def parse(text: str) -> Profile:
    """Return the mapping of a text.

    Raises:
        InvalidMapping: it is none; the line names the field.

    """
    own = _toml(text)
    wanted = own.pop("presets", list(PRESETS))
    if not isinstance(wanted, list) or not set(wanted) <= set(PRESETS):
        raise InvalidMapping(f"mapping: presets: a list of {', '.join(PRESETS)}")
    # Without a preset its tables are there, and empty.
    empty: dict[str, Any] = {
        "fhir": {"bases": [], "appointment_status": {}, "encounter_status": {}},
        "hl7v2": {"triggers": {}, "filler_status": {}, "reasons": {}},
    }
    content = _laid_over([empty, *(_shipped(name) for name in (_BASE, *wanted)), own])
    try:
        return Profile.model_validate(content)
    except ValidationError as error:
        first = error.errors(include_input=False, include_url=False)[0]
        path = ".".join(map(str, first["loc"]))
        raise InvalidMapping(f"mapping: {path}: {first['msg']}") from None


def _toml(text: str) -> dict[str, Any]:
    try:
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise InvalidMapping(f"mapping: no TOML: {error}") from error


def _shipped(name: str) -> dict[str, Any]:
    text = files(__package__ or "").joinpath("presets", f"{name}.toml").read_text("utf-8")
    return tomllib.loads(text)


def _laid_over(layers: Iterable[dict[str, Any]]) -> dict[str, Any]:
    """Return the layers as one, the later ones on top, table by table."""
    whole: dict[str, Any] = {}
    for layer in layers:
        for key, value in layer.items():
            below = whole.get(key)
            both = isinstance(below, dict) and isinstance(value, dict)
            whole[key] = _laid_over([below, value]) if both else value  # type: ignore[list-item]
    return whole
