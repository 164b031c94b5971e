"""One mapping at work: bodies of any standard in, events of the contract and verdicts out."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, Literal, TypeAlias

import msgspec

from rupture_watch.alliance.instruments import Registry
from rupture_watch.contracts.reading import Reader
from rupture_watch.contracts.reasons import Reason, Rejected
from rupture_watch.gateway.mapping import cloudevents, siu
from rupture_watch.gateway.mapping.cds_hooks import Feedback, feedback_of, patient_of_request
from rupture_watch.gateway.mapping.er7 import messages
from rupture_watch.gateway.mapping.fhir import map_fhir, parse, verdict
from rupture_watch.gateway.mapping.instruments import FormKeys
from rupture_watch.gateway.mapping.run import Run
from rupture_watch.gateway.mapping.tree import Node, of_json
from rupture_watch.gateway.mapping.verdict import Event, Mapped, NotMapped, Verdict, Why, nothing

if TYPE_CHECKING:
    from collections.abc import Callable

    from rupture_watch.alliance.facts import Microseconds
    from rupture_watch.gateway.mapping.profile import Profile
    from rupture_watch.gateway.mapping.pseudonyms import Keyring

Format: TypeAlias = Literal["fhir", "hl7v2", "cds-hooks", "cloudevents"]
SIU: Final = "SIU"
EVENT: Final = "CloudEvent"
FEEDBACK: Final = "feedback"

_encode = msgspec.json.Encoder().encode


class Mapper:
    """Maps bodies by one profile and one ring of keys; keeps nothing between two of them."""

    def __init__(self, profile: Profile, keys: Keyring, registry: Registry | None = None) -> None:
        self.profile = profile
        self.keys = keys
        self.registry = registry or Registry.default()
        self.reader = Reader(self.registry)
        self._forms = FormKeys(profile, self.registry)

    def run(
        self,
        received: Microseconds | None = None,
        *,
        backfill: bool = False,
        version: str = "",
    ) -> Run:
        """Start on one body; see :class:`Run` for what is told of it."""
        return Run(self.profile, self.keys, self.registry, received, backfill, version)

    def fhir(self, run: Run, body: bytes) -> Mapped:
        """Map a resource, a Bundle or a notification, in JSON or XML."""
        try:
            return self.resource(run, parse(body))
        except NotMapped as error:
            return Mapped(verdicts=[verdict("resource", error)], tally=run.tally)

    def resource(self, run: Run, resource: Node) -> Mapped:
        """Map a resource that has been parsed."""
        return self._held_against_the_contract(map_fhir(run, self._forms, resource))

    def hl7v2(self, run: Run, body: bytes) -> Mapped:
        """Map every message of a body."""
        mapped = Mapped(tally=run.tally)
        for message in messages(body) or [b""]:
            try:
                event, _ = siu.of_message(run, message)
            except NotMapped as error:
                mapped.verdicts.append(_verdict(SIU, error))
            else:
                mapped.events.append(event)
                mapped.verdicts.append(Verdict(SIU, "mapped"))
        return self._held_against_the_contract(mapped)

    def cloudevents(self, run: Run, body: bytes) -> Mapped:
        """Take one event, a batch of them, or one a line."""
        mapped = Mapped(tally=run.tally)
        try:
            found = of_json(body)
            events = found if isinstance(found, list) else [found]
        except NotMapped as error:
            lines = [line for line in body.splitlines() if line.strip()]
            if len(lines) < 2:  # noqa: PLR2004 - one broken line is one broken event
                mapped.verdicts.append(_verdict(EVENT, error))
                return mapped
            events = lines
        for event in events:
            self._take(mapped, event)
        return mapped

    def _take(self, mapped: Mapped, event: Any) -> None:
        try:
            event = of_json(event) if isinstance(event, bytes) else event
            record, left_out = cloudevents.clean(event)
            self.reader.read(record.key, record.value, record.headers)
        except NotMapped as error:
            mapped.verdicts.append(_verdict(EVENT, error))
        except Rejected as refused:
            mapped.verdicts.append(rejected(EVENT, refused))
        else:
            cloudevents.count(left_out, mapped.tally.dropped)
            mapped.events.append(
                {
                    **{
                        name.removeprefix("ce_"): text.decode()
                        for name, text in record.headers
                        if name.startswith("ce_")
                    },
                    "datacontenttype": "application/json",
                    "data": msgspec.Raw(record.value),
                }
            )
            mapped.verdicts.append(Verdict(EVENT, "mapped"))

    def cds_hooks(
        self, run: Run, body: bytes, case_of: Callable[[str], str | None] = lambda _alert: None
    ) -> Mapped:
        """Map a feedback body; a request for cards is understood, and makes no event."""
        mapped = Mapped(tally=run.tally)
        try:
            node = parse(body)
            if "feedback" not in node:
                patient_of_request(run, node)
                mapped.verdicts.append(_verdict("request", nothing(Why.NO_NEWS, "hook")))
                return mapped
            for one in feedback_of(run, node, case_of):
                if isinstance(one, Feedback):
                    mapped.events.append(one.event)
                    mapped.verdicts.append(Verdict(FEEDBACK, "mapped"))
                else:
                    mapped.verdicts.append(_verdict(FEEDBACK, one))
        except NotMapped as error:
            mapped.verdicts.append(_verdict("request", error))
        return self._held_against_the_contract(mapped)

    def of_format(self, run: Run, body: bytes, format_: Format) -> Mapped:
        """Map a body of a known format."""
        if format_ == "fhir":
            return self.fhir(run, body)
        if format_ == "hl7v2":
            return self.hl7v2(run, body)
        if format_ == "cds-hooks":
            return self.cds_hooks(run, body)
        return self.cloudevents(run, body)

    def _held_against_the_contract(self, mapped: Mapped) -> Mapped:
        """Refuse here what the service would refuse: so the sender hears of it."""
        events = iter(mapped.events)
        taken: list[Event] = []
        for place, one in enumerate(mapped.verdicts):
            if one.outcome != "mapped":
                continue
            event = next(events)
            try:
                self.reader.read_line(_encode(event))
            except Rejected as refused:
                mapped.verdicts[place] = rejected(one.what, refused)
            else:
                taken.append(event)
        mapped.events = taken
        return mapped


def guess(body: bytes) -> Format | None:
    """Return the standard that a body seems to be written in, or None."""
    start = body.lstrip(b"\xef\xbb\xbf\x0b \t\r\n")
    if start.startswith(b"MSH"):
        return "hl7v2"
    if start.startswith(b"<"):
        return "fhir"
    try:
        node = of_json(body)
    except NotMapped:
        first = start.partition(b"\n")[0]
        return "cloudevents" if b'"specversion"' in first else None
    if isinstance(node, list):
        return "cloudevents"
    if not isinstance(node, dict):
        return None
    if "resourceType" in node:
        return "fhir"
    if "specversion" in node:
        return "cloudevents"
    return "cds-hooks" if node.keys() & {"hook", "hookInstance", "feedback"} else None


def rejected(what: str, refused: Rejected) -> Verdict:
    """Return the contract's own verdict."""
    return Verdict(what, "refused", Reason(refused.reason).value, refused.message)


def _verdict(what: str, error: NotMapped) -> Verdict:
    outcome = "refused" if error.refused else "no_event"
    return Verdict(what, outcome, error.reason.value, str(error))
