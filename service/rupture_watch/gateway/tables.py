"""Files of secrets and clients: TOML, checked against a model, told about without any value."""

from __future__ import annotations

import tomllib
from typing import TYPE_CHECKING, TypeVar

from pydantic import BaseModel, ValidationError

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

Table = TypeVar("Table", bound=BaseModel)


def read_table(
    file: Path, model: type[Table], name: str, refused: Callable[[str], Exception]
) -> Table:
    """Return what a file holds.

    Args:
        file: to be read.
        model: what must be in it; it must hide its input in errors.
        name: of the file, for whoever reads the line.
        refused: makes what is raised, out of a line with the field's path and never its value.
    """
    try:
        return model.model_validate(tomllib.loads(file.read_text("utf-8")))
    except (OSError, UnicodeDecodeError) as error:
        raise refused(f"{name}: cannot be read ({type(error).__name__})") from None
    except tomllib.TOMLDecodeError:
        raise refused(f"{name}: no TOML") from None
    except ValidationError as error:
        first = error.errors(include_input=False, include_url=False)[0]
        path = ".".join(map(str, first["loc"]))
        raise refused(f"{name}: {path}: {first['msg']}") from None
