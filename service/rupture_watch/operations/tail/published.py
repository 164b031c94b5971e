"""A published alert, as far as a reader needs it; what else it carries is passed over."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING, Final, NamedTuple

import msgspec

from rupture_watch.contracts import writing

if TYPE_CHECKING:
    from rupture_watch.kafka.consumer import Seen

TYPE: Final = "ce_type"
FAMILY: Final = "org.rupturewatch.alert."


class AlertData(msgspec.Struct, frozen=True):
    """The part of the contract's alert data that is told to a person."""

    alert_id: str
    revision: int
    state: str
    reason: str
    severity: int
    headline: str
    considerations: list[str]
    clears_when: str
    causation: list[str]


class PublishedAlert(NamedTuple):
    """One change of one alert: ``kind`` is raised, amended, retracted, repaired or closed."""

    kind: str
    case: str
    time: dt.datetime
    data: AlertData
    record: Seen

    @property
    def moment(self) -> str:
        """The event's time as it was written."""
        return dict(self.record.headers)["ce_time"].decode()


class UnreadableAlert(Exception):
    """A record on the alerts topic is no alert event; the line says where, never what."""


def read_alert(record: Seen) -> PublishedAlert:
    """Read one record of the alerts topic (CloudEvents, binary mode)."""
    headers = dict(record.headers)
    try:
        kind = headers[TYPE].decode().removeprefix(FAMILY).split(".")[0]
        return PublishedAlert(
            kind=kind,
            case=headers["ce_subject"].decode(),
            time=dt.datetime.fromisoformat(headers["ce_time"].decode()),
            data=_decode(record.value or b""),
            record=record,
        )
    except (KeyError, ValueError, msgspec.MsgspecError) as error:
        place = f"{record.topic}, partition {record.partition}, offset {record.offset}"
        raise UnreadableAlert(f"no alert event: {place}: {type(error).__name__}") from error


def structured(alert: PublishedAlert) -> str:
    """Return the alert as the structured CloudEvent that it is, on one line."""
    return writing.structured(alert.record.value, alert.record.headers).decode()


_decode = msgspec.json.Decoder(AlertData).decode
