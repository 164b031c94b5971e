"""A real Kafka, a real inbox process and a real Chromium for the whole session."""

from __future__ import annotations

import os
import shutil
from contextlib import AsyncExitStack
from typing import TYPE_CHECKING

import pytest
import pytest_asyncio
from playwright.async_api import async_playwright

from rupture_watch.inbox.assets.__main__ import main as build_assets
from rupture_watch.inbox.web.site import SCRIPTS, STATIC
from rupture_watch.operations.broker import LocalBroker
from rupture_watch.operations.broker.artifacts import kafka_jars, obtainable
from tests.browser.stage import Stage, staged

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    from playwright.async_api import Browser

FLAGS = (
    "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
    "--disable-background-networking", "--disable-component-update", "--disable-sync",
)  # fmt: skip
NAMES = ("chromium", "chromium-browser", "google-chrome")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Let everything here run on one loop: Kafka, the inbox and the browser outlive a test."""
    for item in items:
        if item.path.parent.name == "browser":
            item.add_marker(pytest.mark.asyncio(loop_scope="session"), append=False)


@pytest.fixture(scope="session")
def chromium() -> str:
    """The system's Chromium; under CI a missing one is a failure."""
    for name in NAMES:
        if path := shutil.which(name):
            return path
    remedy = "Chromium is missing: `make test-browser` installs it on Debian as root"
    if os.environ.get("CI"):
        pytest.fail(remedy)
    pytest.skip(remedy)


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def stage(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Stage]:
    """An inbox over a Kafka of its own, with the scripted stories told."""
    if not obtainable() and not os.environ.get("CI"):
        pytest.skip("a real Kafka needs Java (17 or newer) and Maven: install both")
    if not all((STATIC / name).is_file() for name in SCRIPTS):
        build_assets()
    await kafka_jars()
    async with AsyncExitStack() as stack:
        broker = await stack.enter_async_context(LocalBroker(tmp_path_factory.mktemp("kafka")))
        yield await stack.enter_async_context(
            staged(broker.kafka, tmp_path_factory.mktemp("inbox"))
        )


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def browser(chromium: str) -> AsyncIterator[Browser]:
    """A Chromium with an empty profile."""
    async with async_playwright() as playwright:
        found = await playwright.chromium.launch(executable_path=chromium, args=list(FLAGS))
        yield found
        await found.close()


@pytest.fixture(scope="session")
def screenshots(repository: Path) -> Path:
    """Where pictures of pages and states go; nothing there is tracked."""
    folder = repository / "build" / "screenshots"
    folder.mkdir(parents=True, exist_ok=True)
    return folder
