"""One gateway process: put together, run, taken apart."""

from __future__ import annotations

import asyncio
import gc
import logging
import signal
import socket
import ssl
from contextlib import AsyncExitStack, contextmanager
from typing import TYPE_CHECKING, Final

import uvicorn

from rupture_watch import logs, process
from rupture_watch.contracts.topics import INPUT_TYPES, Channel, topic_name
from rupture_watch.gateway import clients as client_file
from rupture_watch.gateway import keyfile
from rupture_watch.gateway.admission import Admission
from rupture_watch.gateway.app import build
from rupture_watch.gateway.edge import Edge
from rupture_watch.gateway.intake import Intake
from rupture_watch.gateway.mapping import profile
from rupture_watch.gateway.mapping.mapper import Mapper
from rupture_watch.gateway.mapping.pseudonyms import Keyring, nobody_is_known
from rupture_watch.gateway.measures import CATALOGUE
from rupture_watch.gateway.mllp import listening
from rupture_watch.gateway.notifications import Notifications
from rupture_watch.gateway.standing import Standings
from rupture_watch.gateway.subscriptions import EventNumbers, FhirServer
from rupture_watch.gateway.tokens import Tokens
from rupture_watch.gateway.writer import KafkaWriter
from rupture_watch.kafka.consumer import check_topics
from rupture_watch.metrics import Metrics
from rupture_watch.rulesets import load_catalogue
from rupture_watch.settings import InvalidSettings

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rupture_watch.gateway.settings import GatewaySettings
    from rupture_watch.gateway.writer import Writer
    from rupture_watch.settings import Settings

logger = logging.getLogger(__name__)

GRACE: Final = 20
"""Seconds that requests under way have at SIGTERM; longer than an acknowledgement may take."""


class _Server(uvicorn.Server):
    """Leaves signals to us: its own handling ends the process by the signal, not with 0."""

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Capture none."""
        yield


def serve(gateway: GatewaySettings, settings: Settings) -> int:
    """Run a gateway until a signal stops it; return its exit code, as the worker's.

    0 after SIGTERM or SIGINT, with every answer given; 70 when Kafka cannot be reached at the
    start (later on, senders are told to come again); 78 when the set-up is wrong.
    """
    logs.configure(settings.log_level)
    logging.getLogger("uvicorn").setLevel(logging.WARNING)
    # While a broker is away the client has a line for every try; we say it in one.
    logging.getLogger("aiokafka").setLevel(logging.CRITICAL)
    return process.run(_serve(gateway, settings))


def assembled(gateway: GatewaySettings, settings: Settings, writer: Writer, url: str) -> Edge:
    """Put the collaborators together; nothing is started.

    Raises:
        InvalidSettings: a file of keys, clients or mapping is wrong.
    """
    keys = keyfile.load(gateway.keys_file)
    known = None if gateway.clients_file is None else client_file.load(gateway.clients_file)
    rotating = len(keys) > 1
    standings = None
    if gateway.cards or rotating:
        standings = Standings(settings, learns_cases=rotating)
    ring = Keyring(keys, standings.is_known if standings and rotating else nobody_is_known)
    mapper = Mapper(
        profile.load(gateway.mapping_file), ring, load_catalogue(settings.ruleset).ruleset.registry
    )
    metrics = Metrics(CATALOGUE)
    tokens = Tokens(known, ring.derived("access-token"), frozenset({url, f"{url}/token"}))
    intake = Intake(
        mapper,
        writer,
        metrics,
        prefix=settings.topic_prefix,
        remember=standings.remember if standings else lambda _case: None,
    )
    server = (
        FhirServer(gateway.fhir_server, gateway.fhir_token_file) if gateway.fhir_server else None
    )
    return Edge(
        settings=gateway,
        mapper=mapper,
        intake=intake,
        writer=writer,
        admission=Admission(known, tokens, metrics),
        tokens=tokens,
        clients=known,
        notifications=Notifications(
            intake, EventNumbers(gateway.subscriptions_file), server, metrics
        ),
        metrics=metrics,
        standings=standings,
    )


async def _serve(gateway: GatewaySettings, settings: Settings) -> None:
    listener = _listen(gateway)
    host, port = listener.getsockname()[:2]
    scheme = "https" if gateway.tls_cert_file else "http"
    url = gateway.url or f"{scheme}://{host}:{port}"
    writer = KafkaWriter(settings.kafka, timeout=gateway.ack_timeout)
    edge = assembled(gateway, settings, writer, url)
    await _check_topics(settings, reads=edge.standings is not None)
    await writer.start()
    async with AsyncExitStack() as stack:
        stack.push_async_callback(writer.stop)
        following = None
        if edge.standings is not None:
            following = asyncio.create_task(edge.standings.follow())
            stack.callback(following.cancel)
        if gateway.mllp_port is not None:
            address = await stack.enter_async_context(
                listening(edge, host=gateway.host, port=gateway.mllp_port, tls=_tls(gateway))
            )
            logger.info("taking HL7 v2 over MLLP", extra={"address": address})
        server = _Server(
            uvicorn.Config(
                build(edge, url),
                log_config=None,
                access_log=False,
                server_header=False,
                date_header=True,
                limit_concurrency=gateway.connections,
                timeout_keep_alive=30,
                timeout_graceful_shutdown=GRACE,
                lifespan="off",
                ssl_certfile=_path(gateway.tls_cert_file),
                ssl_keyfile=_path(gateway.tls_key_file),
            )
        )
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, _stop, server)
        gc.collect()
        gc.freeze()  # what is loaded stays: no reason to look through it at every collection
        logger.info("taking events", extra={"address": f"{host}:{port}"})
        await server.serve(sockets=[listener])
        if following is not None and following.done():
            following.result()


def _stop(server: uvicorn.Server) -> None:
    server.should_exit = True


async def _check_topics(settings: Settings, *, reads: bool) -> None:
    needed = (*INPUT_TYPES, *((Channel.CASES, Channel.ALERTS) if reads else ()))
    names = [topic_name(settings.topic_prefix, channel) for channel in needed]
    await check_topics(settings.kafka, names, limit=settings.retry_limit)


def _listen(gateway: GatewaySettings) -> socket.socket:
    try:
        family = socket.AF_INET6 if ":" in gateway.host else socket.AF_INET
        return socket.create_server((gateway.host, gateway.port), family=family, backlog=512)
    except OSError as error:
        address = f"{gateway.host}:{gateway.port}"
        raise InvalidSettings(
            f"RUPTURE_WATCH_GATEWAY_PORT: cannot listen on {address}, name another or 0"
        ) from error


def _tls(gateway: GatewaySettings) -> ssl.SSLContext | None:
    if gateway.tls_cert_file is None or gateway.tls_key_file is None:
        return None
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    try:
        context.load_cert_chain(gateway.tls_cert_file, gateway.tls_key_file)
        if gateway.tls_client_ca_file is not None:
            context.load_verify_locations(gateway.tls_client_ca_file)
            context.verify_mode = ssl.CERT_REQUIRED
    except OSError as error:  # ssl.SSLError is one
        raise InvalidSettings(f"RUPTURE_WATCH_GATEWAY_TLS_*: {error.strerror or error}") from error
    return context


def _path(file: object) -> str | None:
    return None if file is None else str(file)
