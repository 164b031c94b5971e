"""What a mapping makes of resources, as the tests of it look at it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from rupture_watch.contracts.wire import microseconds
from tests.ehr_bodies import body

if TYPE_CHECKING:
    from rupture_watch.gateway.mapping.mapper import Mapper
    from rupture_watch.gateway.mapping.verdict import Mapped

RECEIVED = microseconds("2026-03-02T12:00:00Z")


def mapped_of(mapper: Mapper, resource: Any, received: int | None = RECEIVED, **how: Any) -> Mapped:
    """Map a resource of FHIR."""
    return mapper.fhir(mapper.run(received, **how), body(resource))


def data_of(mapper: Mapper, resource: Any, received: int | None = RECEIVED) -> dict[str, Any]:
    """Return the data of the one event that a resource becomes."""
    mapped = mapped_of(mapper, resource, received)
    assert [one.reason for one in mapped.verdicts] == [None] * len(mapped.verdicts)
    [event] = mapped.events
    data: dict[str, Any] = event["data"]
    return data


def reason_of(mapper: Mapper, resource: Any) -> str | None:
    """Return why no event comes of a resource."""
    mapped = mapped_of(mapper, resource)
    assert mapped.events == []
    [verdict] = mapped.verdicts
    return verdict.reason
