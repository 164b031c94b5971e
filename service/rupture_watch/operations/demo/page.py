"""The inbox beside the demo: its address, and a link that signs in once."""

from __future__ import annotations

import asyncio
import socket
from importlib.util import find_spec
from typing import TYPE_CHECKING, Final

from rupture_watch.operations.broker.node import HOST, free_ports
from rupture_watch.operations.demo.workers import WorkerProcess
from rupture_watch.settings import as_environment

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine
    from contextlib import AsyncExitStack
    from pathlib import Path

    from rupture_watch.settings import Settings

USUAL_PORT: Final = 8470
NEEDED: Final = ("fastapi", "sqlalchemy", "argon2")
COMMAND: Final = ("inbox", "--guest")
LINK: Final = "sign in once: "


async def start_page(
    settings: Settings, folder: Path, say: Callable[[str], None], stack: AsyncExitStack
) -> list[Callable[[], Coroutine[object, object, Exception]]]:
    """Start the inbox and say where it is; return what waits for its failure, none without it.

    Its data lie in ``folder`` and go with the demo; ``stack`` stops it.
    """
    if any(find_spec(name) is None for name in NEEDED):
        say("no page: the packages of the extra `inbox` are not installed")
        return []
    port = _port()
    environment = {
        **as_environment(settings),
        "RUPTURE_WATCH_DATA_DIR": str(folder / "inbox"),
        "RUPTURE_WATCH_INBOX_HOST": HOST,
        "RUPTURE_WATCH_INBOX_PORT": str(port),
    }
    log = folder / "inbox.log"
    page = WorkerProcess("the page", environment, port, log, COMMAND)
    stack.push_async_callback(page.stop)
    await page.start()
    await page.ready()
    lines = (await asyncio.to_thread(log.read_text, "utf-8")).splitlines()
    link = next((line for line in lines if line.startswith(LINK)), "")
    say(f"the page is ready: http://{page.address}")
    say(link)
    stack.callback(say, f"the page at http://{page.address} ends with the demo")
    return [page.died]


def _port() -> int:
    """Return the page's usual port, or another where that is taken."""
    with socket.socket() as probe:
        try:
            probe.bind((HOST, USUAL_PORT))
        except OSError:
            return free_ports(1)[0]
    return USUAL_PORT
