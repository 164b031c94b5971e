"""Every setting of the inbox, read from the environment once at start."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Literal
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import AfterValidator, Field, FilePath, ValidationError
from pydantic_core import PydanticCustomError
from pydantic_settings import BaseSettings, SettingsConfigDict

from rupture_watch.settings import InvalidSettings

if TYPE_CHECKING:
    from pathlib import Path

DEFAULT_PORT = 8470


def _is_a_zone(name: str) -> str:
    try:
        ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise PydanticCustomError("zone", "no time zone of the IANA database") from None
    return name


def _is_a_database(url: str) -> str:
    if not url.startswith(("sqlite+aiosqlite:///", "postgresql+asyncpg://")):
        raise PydanticCustomError("url", "neither sqlite+aiosqlite:///FILE nor postgresql+asyncpg")
    return url


Zone = Annotated[str, AfterValidator(_is_a_zone)]
DatabaseUrl = Annotated[str, AfterValidator(_is_a_database)]


class InboxSettings(BaseSettings):
    """What the inbox needs to know besides the settings of the service."""

    model_config = SettingsConfigDict(
        env_prefix="RUPTURE_WATCH_INBOX_",
        frozen=True,
        env_ignore_empty=True,
        extra="ignore",
        hide_input_in_errors=True,
    )

    host: str = Field(default="127.0.0.1", description="Address that the page is served on.")
    port: int = Field(
        default=DEFAULT_PORT, ge=0, le=65535, description="Port of the page; 0: any free one."
    )
    url: str | None = Field(
        default=None,
        pattern=r"^https?://[^\s/]+$",
        description="Address by which browsers reach the page; with https cookies are Secure. "
        "Absent: `http://HOST:PORT`.",
    )
    database: DatabaseUrl | None = Field(
        default=None,
        description="SQLAlchemy URL, `sqlite+aiosqlite:///FILE` or `postgresql+asyncpg://...`; "
        "absent: `inbox.sqlite3` in `RUPTURE_WATCH_DATA_DIR`.",
    )
    database_password_file: FilePath | None = Field(
        default=None, description="File that holds the database password."
    )
    language: Literal["en", "de"] = Field(
        default="en", description="Language until a person has chosen one."
    )
    zone: Zone = Field(
        default="UTC", description="Time zone until a person, or the browser, says another."
    )
    case_link: str | None = Field(
        default=None,
        pattern=r"^https://[^\s]*\{ref\}[^\s]*$",
        description="Where the record system shows a case; `{ref}` stands for its reference.",
    )
    canary_prefix: str = Field(
        default="canary-",
        pattern=r"^[A-Za-z0-9._-]{1,32}$",
        description="Beginning of the references of synthetic cases: they prove that events flow "
        "and are listed nowhere.",
    )
    stale_after: float = Field(
        default=60.0, gt=0, description="Seconds without Kafka after which the page says so."
    )

    def address(self, port: int | None = None) -> str:
        """Return the address that browsers use; ``port`` is the one that was really taken."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return self.url or f"http://{host}:{self.port if port is None else port}"

    def database_password(self) -> str | None:
        """Return the password out of its file; a final line break is dropped."""
        file = self.database_password_file
        return None if file is None else file.read_text("utf-8").rstrip("\r\n")

    def database_url(self, data_dir: Path) -> str:
        """Return where the read model is."""
        return self.database or f"sqlite+aiosqlite:///{data_dir / 'inbox.sqlite3'}"


def load_inbox() -> InboxSettings:
    """Read the environment; raise :class:`InvalidSettings` with one line naming all faults."""
    try:
        return InboxSettings()
    except ValidationError as error:
        prefix = str(InboxSettings.model_config.get("env_prefix"))
        faults = (
            f"{prefix}{'.'.join(map(str, fault['loc'])).upper()}: {fault['msg']}"
            for fault in error.errors(include_input=False, include_url=False)
        )
        raise InvalidSettings("; ".join(faults)) from None
