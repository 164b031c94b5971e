"""Least privilege on a real broker: each part works with its rights, and fails without any one."""

from __future__ import annotations

import asyncio
import uuid
from typing import TYPE_CHECKING, Any

import psutil
import pytest
import pytest_asyncio

from rupture_watch.alliance.instruments import Registry
from rupture_watch.contracts.reasons import Reason
from rupture_watch.contracts.topics import INPUT_TYPES, Channel, topic_name
from rupture_watch.effects import DeadLetter
from rupture_watch.kafka.acls import Right, roles
from rupture_watch.kafka.admin import Admin, Refused
from rupture_watch.kafka.admission import NotAdmitted
from rupture_watch.kafka.consumer import EventConsumer, MissingTopic
from rupture_watch.kafka.group import GroupConsumer
from rupture_watch.kafka.producer import Unwritten
from rupture_watch.kafka.session import Unreachable
from rupture_watch.kafka.transactions import AtomicProducer, Write
from rupture_watch.operations import topics
from rupture_watch.operations.dead_letters.redrive import Order, redrive
from rupture_watch.operations.publish import publish
from rupture_watch.settings import KafkaSettings, Settings
from rupture_watch.stream.dead_letters import bury
from tests.broker.eventful import eventful
from tests.broker.secured import LISTENER, MODULES, Certificates, Rights, secured
from tests.component.memory_log import Read
from tests.faults.topic_reader import read_all
from tests.faults.worker import Worker

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable

    from rupture_watch.operations.broker import LocalBroker

pytestmark = [
    pytest.mark.broker,
    pytest.mark.asyncio(loop_scope="session"),
    pytest.mark.timeout(240),
]

ROLES = {role.name: role for role in roles()}
HERE = Settings.model_construct(topic_prefix="", app_id="")
"""An installation without names, to name the rights of the tests by."""
LATER = {
    Right("topic", "-cases-changelog", "Read"),
    Right("topic", Channel.RULESETS.value, "Read"),
}
"""Rights that are used from the second start on, when there is something to read."""
FAILURES = (MissingTopic, NotAdmitted, Refused, Unreachable, Unwritten)


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def guarded(
    broker: LocalBroker, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[LocalBroker]:
    """A broker on which ``part`` may do nothing until it is granted something."""
    assert broker.bootstrap
    folder = tmp_path_factory.mktemp("rights")
    certificates = Certificates(folder)
    password = folder / "password"
    password.write_text("of both")
    properties = {
        f"{LISTENER}.sasl.enabled.mechanisms": "SCRAM-SHA-512",
        f"{LISTENER}.scram-sha-512.sasl.jaas.config": f"{MODULES}.scram.ScramLoginModule required;",
    }
    clients = KafkaSettings(
        security_protocol="SASL_SSL",
        sasl_username="admin",
        sasl_password_file=password,
        ssl_ca_file=certificates.authority,
    )
    users = {"part": "of both", "admin": "of both"}
    async with secured(
        folder / "broker", clients, properties, certificates, passwords=users
    ) as running:
        yield running


@pytest.fixture
def whole(guarded: LocalBroker) -> Settings:
    """An installation of its own, as its administrator sees it."""
    name = f"t{uuid.uuid4().hex[:10]}"
    return Settings(
        kafka=guarded.kafka,
        topic_prefix=f"{name}.",
        app_id=name,
        http_port=0,
        partitions=1,
        commit_interval=0.2,
        session_timeout=6.0,
        tick_interval=0.5,
        retry_limit=45.0,
    )


def _part(whole: Settings) -> Settings:
    """Return the installation as a user sees it who has only what was granted."""
    kafka = whole.kafka.model_copy(update={"sasl_username": "part"})
    return whole.model_copy(update={"kafka": kafka})


async def _granted(
    guarded: LocalBroker, whole: Settings, role: str, *, without: int | None
) -> Settings:
    """Grant a role's rights, but for one; what an earlier test was granted is gone."""
    rights = Rights(guarded)
    await rights.revoke("part")
    granted = [right for n, right in enumerate(ROLES[role].resolved(whole)) if n != without]
    if granted:
        await rights.grant("part", granted)
    return _part(whole)


def _each(role: str) -> list[Any]:
    return [
        pytest.param(number, id=f"{right.operation} {right.kind} {right.name}".strip())
        for number, right in enumerate(ROLES[role].resolved(HERE))
    ]


# the worker


async def _prepared(whole: Settings) -> None:
    await topics.create(whole)
    done = await publish(whole, eventful(), lambda **_: None)
    assert (done.acknowledged, done.faults) == (5, [])


async def test_the_worker_runs_with_exactly_its_rights_and_opens_one_port(
    guarded: LocalBroker, whole: Settings
) -> None:
    await _prepared(whole)
    async with Worker(await _granted(guarded, whole, "worker", without=None)) as worker:
        await worker.ready()
        for channel in (Channel.ALERTS, Channel.CASES, Channel.SAFETY, Channel.DEAD_LETTERS):
            await _written(whole, channel)
        await _written(whole, Channel.TICKS)
        address = (await worker.logged("serving metrics and probes"))["address"]
        open_ports = [
            one.laddr.port
            for one in psutil.Process(worker.pid).net_connections("inet")
            if one.status == psutil.CONN_LISTEN
        ]
        assert open_ports == [int(address.rpartition(":")[2])]
        assert await worker.stop() == 0


@pytest.mark.parametrize("missing", _each("worker"))
async def test_the_worker_without_any_one_of_its_rights_ends_with_78(
    guarded: LocalBroker, whole: Settings, missing: int
) -> None:
    await _prepared(whole)
    if list(ROLES["worker"].resolved(HERE))[missing] in LATER:
        await _run_once(whole)
    async with Worker(await _granted(guarded, whole, "worker", without=missing)) as worker:
        code = await worker.ended()
    [line] = [line for line in worker.lines if line.get("level") == "critical"]
    assert code == 78, line


async def _run_once(whole: Settings) -> None:
    async with Worker(whole) as worker:
        await worker.ready()
        await _written(whole, Channel.ALERTS)
        assert await worker.stop() == 0


async def _written(settings: Settings, channel: Channel) -> None:
    name = topic_name(settings.topic_prefix, channel)
    async with asyncio.timeout(30):
        while not await read_all(settings.kafka, name):
            pass


# the other parts


async def _send(part: Settings) -> None:
    done = await publish(part, eventful(), lambda **_: None)
    assert done.acknowledged == 5


async def _read(part: Settings) -> None:
    name = topic_name(part.topic_prefix, Channel.ALERTS)
    async with EventConsumer(part.kafka, [name], from_beginning=True) as consumer:
        assert [record async for record in consumer.up_to_now()]


async def _deliver(part: Settings) -> None:
    name = topic_name(part.topic_prefix, Channel.ALERTS)
    async with GroupConsumer(part.kafka, [name], group=f"{part.app_id}-deliver") as consumer:
        async with asyncio.timeout(20):
            while not await consumer.fetch():
                pass


async def _make(part: Settings) -> None:
    made = part.model_copy(update={"topic_prefix": part.topic_prefix})
    await topics.create(made)
    lines = await topics.check(made)
    if lines:
        raise Refused(lines[0])


async def _redrive(part: Settings) -> None:
    done = await redrive(
        part, Registry.default(), Order(trust=True), go=True, progress=lambda *_: None
    )
    assert done.sent == len(INPUT_TYPES)


PARTS: dict[str, Callable[[Settings], Awaitable[None]]] = {
    "sender": _send,
    "reader": _read,
    "deliver": _deliver,
    "topics": _make,
    "redrive": _redrive,
}


async def _furnished(whole: Settings, role: str) -> None:
    """Make what the part of this role finds: topics, an alert, letters from every topic."""
    if role == "topics":
        return
    await topics.create(whole)
    names = {channel: topic_name(whole.topic_prefix, channel) for channel in Channel}
    letters = [
        DeadLetter(
            Read(names[c], 0, 1, b"k", b"v"), Reason.RULE_ERROR, "rules", "E", "rules: failed"
        )
        for c in INPUT_TYPES
    ]
    dead = names[Channel.DEAD_LETTERS]
    writes = [Write(*bury(one, dead, partitions=1, limit=10_000)) for one in letters]
    async with AtomicProducer(whole.kafka, whole.app_id) as producer:
        await producer.write([Write(names[Channel.ALERTS], b"k", b"v", []), *writes])


async def test_every_declared_part_is_tested_here() -> None:
    assert set(PARTS) | {"worker"} == set(ROLES)


@pytest.mark.parametrize("role", PARTS)
async def test_a_part_works_with_exactly_its_rights(
    guarded: LocalBroker, whole: Settings, role: str
) -> None:
    await _furnished(whole, role)
    await PARTS[role](await _granted(guarded, whole, role, without=None))


@pytest.mark.parametrize(
    ("role", "missing"),
    [
        pytest.param(role, *one.values, id=f"{role}: {one.id}")
        for role in PARTS
        for one in _each(role)
    ],
)
async def test_a_part_fails_without_any_one_of_its_rights(
    guarded: LocalBroker,
    whole: Settings,
    monkeypatch: pytest.MonkeyPatch,
    role: str,
    missing: int,
) -> None:
    await _furnished(whole, role)
    part = await _granted(guarded, whole, role, without=missing)
    monkeypatch.setitem(Admin.__init__.__kwdefaults__ or {}, "timeout", 3.0)
    with pytest.raises(FAILURES):
        await PARTS[role](part)


async def test_a_right_is_named_for_its_installation() -> None:
    settings = Settings(topic_prefix="x.", app_id="y")
    found = {right for role in roles() for right in role.resolved(settings)}
    assert Right("topic", "x.ratings.v1", "Write") in found
    assert Right("topic", "y-cases-changelog", "Read") in found
    assert Right("group", "y", "Read") in found
    assert Right("transactional-id", "y-redrive", "Write") in found
