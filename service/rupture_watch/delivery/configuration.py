"""The configuration file of ``rupture-watch deliver``: TOML, read once at start.

Paths in it are relative to the file itself. Secrets are never in it: it names files that hold
them.
"""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import TYPE_CHECKING, Final, Literal, TypeVar

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator

from rupture_watch.delivery.endpoints import AnyEndpoint, Endpoint, Seconds
from rupture_watch.settings import InvalidSettings

if TYPE_CHECKING:
    from collections.abc import Iterator

_Model = TypeVar("_Model", bound=BaseModel)

DAY: Final = 86_400.0


class Log(BaseModel):
    """Where the delivery log is: SQLite unless ``url`` names a PostgreSQL database.

    What an alert says is kept until it has been delivered everywhere, and for ``keep_failed`` where
    a delivery has failed; the log of attempts stays for ``keep_attempts``.
    """

    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)

    url: str | None = Field(default=None, pattern=r"^(sqlite:///.+|postgresql://.+)$")
    password_file: Path | None = None
    keep_failed: Seconds = 14 * DAY
    keep_attempts: Seconds = 400 * DAY


class Configuration(BaseModel):
    """Everything that the file says; ``start`` counts where this group has never read before."""

    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)

    log: Log = Log()
    start: Literal["beginning", "now"] = "beginning"
    endpoint: tuple[AnyEndpoint, ...]

    @field_validator("endpoint")
    @classmethod
    def _each_name_once(cls, endpoints: tuple[Endpoint, ...]) -> tuple[Endpoint, ...]:
        if not endpoints:
            raise ValueError("at least one [[endpoint]]")
        names = [one.name for one in endpoints]
        if len(names) != len(set(names)):
            raise ValueError("two endpoints have one name")
        return endpoints


def load(path: Path) -> Configuration:
    """Read and check a configuration file, the files that it names included.

    Raises:
        InvalidSettings: one line that names all faults, and no value.
    """
    try:
        tables = tomllib.loads(path.read_text("utf-8"))
        configuration = Configuration.model_validate(tables)
    except OSError as error:
        raise InvalidSettings(f"{path.name}: {error.strerror}") from None
    except UnicodeDecodeError:
        raise InvalidSettings(f"{path.name}: not UTF-8") from None
    except tomllib.TOMLDecodeError as error:
        raise InvalidSettings(f"{path.name}: {error}") from None
    except ValidationError as error:
        raise InvalidSettings(f"{path.name}: {'; '.join(_faults(error))}") from None
    found = _resolved(configuration, path.absolute().parent)
    missing = [field for field, file in _files(found) if not file.exists()]
    if missing:
        raise InvalidSettings(f"{path.name}: no such file: {', '.join(missing)}")
    return found


def _faults(error: ValidationError) -> Iterator[str]:
    for fault in error.errors(include_input=False, include_url=False):
        kinds = {"webhook", "fhir", "mail", "digest"}
        place = ".".join(str(part) for part in fault["loc"] if part not in kinds)
        yield f"{place or 'file'}: {fault['msg'].removeprefix('Value error, ')}"


def _resolved(model: Configuration, folder: Path) -> Configuration:
    """Return the same with every path made absolute."""
    endpoints = tuple(_with_paths(one, folder) for one in model.endpoint)
    return model.model_copy(
        update={"log": _with_paths(model.log, folder), "endpoint": endpoints},
    )


def _with_paths(model: _Model, folder: Path) -> _Model:
    update: dict[str, object] = {}
    for name, value in model:
        if isinstance(value, Path):
            update[name] = folder / value
        elif isinstance(value, BaseModel):
            update[name] = _with_paths(value, folder)
    return model.model_copy(update=update)


def _files(model: BaseModel, place: str = "") -> Iterator[tuple[str, Path]]:
    """Yield every path with the name of its field."""
    for name, value in model:
        if isinstance(value, Path):
            yield f"{place}{name}", value
        elif isinstance(value, BaseModel):
            yield from _files(value, f"{place}{name}.")
        elif isinstance(value, tuple):
            for number, one in enumerate(value):
                if isinstance(one, BaseModel):
                    yield from _files(one, f"{place}{name}.{number}.")
