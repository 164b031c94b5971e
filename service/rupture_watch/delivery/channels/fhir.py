"""FHIR R4 out: conditional creates and updates, so that a repetition changes nothing.

A revision goes out as three requests, each of which can be repeated:

* ``PUT DetectedIssue?identifier=``: the issue is what this revision says;
* the Task is created unless it exists (``If-None-Exist``) while the alert is open, so that what
  people at the receiver do with it is not undone by an amendment; when the alert is over or is
  opened again it is ``PUT Task?identifier=``;
* the Provenance of this revision is created unless it exists (by its tag).

Where an earlier attempt may have arrived, the receiver is asked first: a resource that already
carries this revision, or a later one, is not written.
"""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import quote

from rupture_watch.contracts.writing import canonical
from rupture_watch.delivery.alerts import read_body
from rupture_watch.delivery.channels import fhir_terms as terms
from rupture_watch.delivery.channels.fhir_resources import code_of_revision, resources
from rupture_watch.delivery.channels.tokens import tokens_of
from rupture_watch.delivery.channels.web import Answer, GuardedClient
from rupture_watch.delivery.results import Outcome, Result

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from rupture_watch.delivery.alerts import AlertRevision
    from rupture_watch.delivery.channels.fhir_terms import Node
    from rupture_watch.delivery.endpoints import FhirEndpoint
    from rupture_watch.delivery.log import Delivery

TYPE: Final = "application/fhir+json"
UNAUTHORISED: Final = 401
OPENED_AGAIN: Final = "reopened"
_LOCATION: Final = re.compile(
    r"(?:^|/)(?P<place>[A-Z][A-Za-z]+/[A-Za-z0-9.-]{1,64})(?:/_history/|$)"
)


class Stopped(Exception):
    """A request did not succeed: the delivery ends with its outcome."""

    def __init__(self, outcome: Outcome) -> None:
        super().__init__(outcome.result)
        self.outcome = outcome


class FhirChannel:
    """Writes to one FHIR server."""

    def __init__(self, endpoint: FhirEndpoint) -> None:
        self._endpoint = endpoint
        self._base = str(endpoint.url).rstrip("/")
        self._client = GuardedClient(
            timeout=endpoint.timeout,
            connections=endpoint.concurrency,
            networks=endpoint.allow_networks,
            ca_file=endpoint.ca_file,
        )
        self._tokens = tokens_of(endpoint, self._client)

    async def deliver(self, deliveries: Sequence[Delivery]) -> Outcome:
        """Write the three resources of one revision."""
        [delivery] = deliveries
        revision = read_body(
            delivery.body, case=delivery.case, type_=delivery.type, time=delivery.time
        )
        try:
            return await self._write(revision, perhaps_there=delivery.attempts > 0)
        except Stopped as stopped:
            return stopped.outcome

    async def close(self) -> None:
        """Close the connections."""
        await self._client.close()

    async def _write(self, revision: AlertRevision, *, perhaps_there: bool) -> Outcome:
        made = resources(revision, self._endpoint.case_system)
        issue = await self._update(made.issue, revision, perhaps_there=perhaps_there)
        task = {**made.task, "focus": issue}
        if revision.data["state"] == "open" and not _is_opened_again(revision):
            by_identifier = _query("identifier", terms.ALERT, revision.data["alert_id"])
            place = await self._create(task, by_identifier)
        else:
            place = await self._update(task, revision, perhaps_there=perhaps_there)
        by_revision = _query("_tag", terms.REVISION, code_of_revision(revision.data))
        await self._create({**made.provenance, "target": [issue, place]}, by_revision)
        return Outcome(Result.DELIVERED, 200)

    async def _update(
        self, resource: Node, revision: AlertRevision, *, perhaps_there: bool
    ) -> Node:
        """Write a resource over the one with its identifier; return a reference to it."""
        kind = resource["resourceType"]
        query = _query("identifier", terms.ALERT, revision.data["alert_id"])
        if perhaps_there:
            answer = await self._send("GET", f"{kind}?{query}")
            found = _newest(answer.body, kind)
            if found is not None and found[0] >= revision.data["revision"]:
                return {"reference": f"{kind}/{found[1]}"}
        answer = await self._send("PUT", f"{kind}?{query}", resource)
        return _reference(answer, resource)

    async def _create(self, resource: Node, unless: str) -> Node:
        """Create a resource unless one answers to the query; return a reference to it."""
        answer = await self._send(
            "POST", resource["resourceType"], resource, {"If-None-Exist": unless}
        )
        return _reference(answer, resource)

    async def _send(
        self,
        method: str,
        path: str,
        resource: Node | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> Answer:
        answer = await self._signed_in(method, path, resource, headers or {})
        if answer.outcome.code == UNAUTHORISED and self._tokens.renews:
            self._tokens.forget()
            answer = await self._signed_in(method, path, resource, headers or {})
        if answer.outcome.result is not Result.DELIVERED:
            raise Stopped(answer.outcome)
        return answer

    async def _signed_in(
        self, method: str, path: str, resource: Node | None, headers: Mapping[str, str]
    ) -> Answer:
        authorization = await self._tokens.authorization()
        if isinstance(authorization, Outcome):
            raise Stopped(authorization)
        return await self._client.request(
            method,
            f"{self._base}/{path}",
            body=b"" if resource is None else canonical(resource),
            headers={"Content-Type": TYPE, "Accept": TYPE, **authorization, **headers},
        )


def _is_opened_again(revision: AlertRevision) -> bool:
    """Tell whether people were told before that this alert is over."""
    data = revision.data
    return data["reason"] == OPENED_AGAIN or (revision.change == "raised" and data["revision"] > 1)


def _query(parameter: str, system: str, value: str) -> str:
    return f"{parameter}={quote(system, safe=':')}%7C{quote(value)}"


def _reference(answer: Answer, resource: Node) -> Node:
    """Return a reference to what was written, by its place, else by its identifier."""
    kind = resource["resourceType"]
    for header in ("Location", "Content-Location"):
        found = _LOCATION.search(answer.headers.get(header, ""))
        if found and found["place"].startswith(f"{kind}/"):
            return {"reference": found["place"]}
    body = _parsed(answer.body)
    if body.get("resourceType") == kind and isinstance(body.get("id"), str):
        return {"reference": f"{kind}/{body['id']}"}
    return (
        {"type": kind, "identifier": resource["identifier"][0]} if "identifier" in resource else {}
    )


def _newest(body: bytes, kind: str) -> tuple[int, str] | None:
    """Return revision and id of the newest of our resources in a bundle of search results."""
    found = []
    for entry in _parsed(body).get("entry", ()):
        resource = entry.get("resource", {}) if isinstance(entry, dict) else {}
        if resource.get("resourceType") != kind or not isinstance(resource.get("id"), str):
            continue
        for tag in resource.get("meta", {}).get("tag", ()):
            number = str(tag.get("code", "")).rpartition("-")[2]
            if tag.get("system") == terms.REVISION and number.isdigit():
                found.append((int(number), resource["id"]))
    return max(found, default=None)


def _parsed(body: bytes) -> dict[str, Any]:
    try:
        parsed = json.loads(body)
    except ValueError:
        return {}
    return parsed if isinstance(parsed, dict) else {}
