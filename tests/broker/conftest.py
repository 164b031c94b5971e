"""A real Kafka for the whole session; topics of its own for every test."""

from __future__ import annotations

import asyncio
import os
import uuid
from typing import TYPE_CHECKING

import pytest
import pytest_asyncio

from rupture_watch.operations.broker import LocalBroker
from rupture_watch.operations.broker.artifacts import kafka_jars, obtainable
from rupture_watch.operations.topics import create
from rupture_watch.settings import Settings

if TYPE_CHECKING:
    from collections.abc import AsyncIterator


def pytest_collection_finish(session: pytest.Session) -> None:
    """Fetch Kafka before the first test: a slow line must not count against a test's time."""
    if obtainable() and any(item.get_closest_marker("broker") for item in session.items):
        asyncio.run(kafka_jars())


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def broker(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[LocalBroker]:
    """One running node, shared by all tests of this folder. In CI a missing Java is a failure."""
    if not obtainable() and not os.environ.get("CI"):
        pytest.skip("a real Kafka needs Java (17 or newer) and Maven: install both")
    async with LocalBroker(tmp_path_factory.mktemp("kafka")) as running:
        yield running


@pytest.fixture
def settings(broker: LocalBroker) -> Settings:
    """Settings of a deployment that no other test shares; its topics do not exist yet."""
    name = f"t{uuid.uuid4().hex[:10]}"
    return Settings(
        kafka=broker.kafka,
        topic_prefix=f"{name}.",
        app_id=name,
        http_port=0,
        commit_interval=0.2,
        session_timeout=6.0,
        tick_interval=0.0,
    )


@pytest.fixture
async def topics(settings: Settings) -> Settings:
    """The same settings, with every declared topic made."""
    await create(settings)
    return settings
