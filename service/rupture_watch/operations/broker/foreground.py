"""``rupture-watch broker``: a local Kafka in the foreground until it is asked to stop."""

from __future__ import annotations

import asyncio
import signal
from typing import TYPE_CHECKING

from rupture_watch.operations.broker.artifacts import obtainable
from rupture_watch.operations.broker.cluster import LocalBroker
from rupture_watch.operations.broker.mock import NOTICE, MockBroker

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path


async def serve(
    data: Path,
    *,
    nodes: int,
    port: int,
    ready: Callable[[str], None],
    notice: Callable[[str], None],
) -> None:
    """Run until SIGTERM or SIGINT; call ``ready`` with the address once it really answers.

    Args:
        data: folder that keeps the data from one run to the next.
        nodes: 1 or 3.
        port: of the first node; 0 takes a free one.
        ready: told the ``host:port`` list.
        notice: told when the in-memory stand-in is all there is.

    Raises:
        BrokerFailure: it cannot start, or it ended by itself.
    """
    stopped = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stopped.set)
    if not obtainable():
        notice(NOTICE)
        async with MockBroker() as mock:
            ready(mock.bootstrap)
            await stopped.wait()
        return
    broker = LocalBroker(data, nodes=nodes, port=port, quick=False)
    serving = asyncio.create_task(_serve_real(broker, ready))
    stopping = asyncio.create_task(stopped.wait())
    await asyncio.wait((serving, stopping), return_when=asyncio.FIRST_COMPLETED)
    stopping.cancel()
    if not serving.done():
        serving.cancel()
    try:
        await serving
    except asyncio.CancelledError:
        return


async def _serve_real(broker: LocalBroker, ready: Callable[[str], None]) -> None:
    """Run one cluster until cancelled; a node that ends by itself ends everything."""
    async with broker:
        ready(broker.bootstrap)
        raise await broker.failed()
