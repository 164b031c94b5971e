"""The delivery log's tables, migrations and metrics: what is declared is what there is."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from prometheus_client.parser import text_string_to_metric_families
from sqlalchemy import make_url, text

from rupture_watch.delivery.log import DeliveryLog, open_log
from rupture_watch.delivery.log.tables import metadata
from rupture_watch.delivery.measures import CATALOGUE
from rupture_watch.metrics import PREFIX, Metrics
from tests.postgres import postgres
from tests.receivers.alerts import revision
from tests.receivers.office import hook, in_folder

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from sqlalchemy import Connection

__all__ = ["postgres"]


@pytest.fixture(params=["sqlite", "postgresql"])
def log(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """Return the URL of an empty log, on each kind of database."""
    if request.param == "sqlite":
        return in_folder(tmp_path)
    made: Callable[[], str] = request.getfixturevalue("postgres")
    return made().replace("postgresql://", "postgresql+asyncpg://")


async def test_the_migrations_lead_to_the_declared_tables_and_can_be_run_again(log: str) -> None:
    def differences(connection: Connection) -> list[Any]:
        found: list[Any] = compare_metadata(MigrationContext.configure(connection), metadata)
        return found

    for _ in range(2):
        async with open_log(make_url(log)) as engine, engine.connect() as connection:
            assert await connection.run_sync(differences) == []


async def test_what_is_read_and_how_far_are_noted_together_or_not_at_all(
    log: str, tmp_path: Path
) -> None:
    endpoint = hook(tmp_path, "http://127.0.0.1:9/")
    async with open_log(make_url(log)) as engine:
        store = DeliveryLog(engine, [endpoint])
        await store.note([revision("case-1")], {("alerts", 0): 1, ("alerts", 3): 7}, 1)
        assert await store.positions() == {("alerts", 0): 1, ("alerts", 3): 7}
        with pytest.raises(AttributeError):
            await store.note([revision("case-2"), None], {("alerts", 0): 2}, 1)  # type: ignore[list-item]
        assert await store.positions() == {("alerts", 0): 1, ("alerts", 3): 7}
        assert (await store.waiting())["hook"].deliveries == 1


async def test_a_delivery_can_be_noted_but_once_whatever_the_code_does(
    log: str, tmp_path: Path
) -> None:
    endpoint = hook(tmp_path, "http://127.0.0.1:9/")
    async with open_log(make_url(log)) as engine:
        await DeliveryLog(engine, [endpoint]).note([revision("case-1")], {}, 1)
        async with engine.begin() as connection:
            copied = await connection.execute(
                text(
                    "INSERT INTO delivery (endpoint, alert_id, revision, reference, lane, state,"
                    " step, attempts, slot, due_at, noted_at) SELECT endpoint, alert_id, revision,"
                    " reference, lane, state, step, attempts, slot, due_at, noted_at"
                    " FROM delivery WHERE true ON CONFLICT DO NOTHING"
                )
            )
            assert copied.rowcount == 0


def test_the_metrics_of_a_delivering_process_are_those_that_are_documented() -> None:
    page = Metrics(CATALOGUE).exposition().decode()
    found = {family.name for family in text_string_to_metric_families(page)}
    assert found == {PREFIX + metric.name.removesuffix("_total") for metric in CATALOGUE}
    for metric in CATALOGUE:
        assert metric.help.endswith(".")
        assert (metric.kind == "counter") == metric.name.endswith("_total")


def test_a_label_outside_its_closed_set_is_counted_as_other() -> None:
    metrics = Metrics(CATALOGUE)
    metrics.count("deliveries_total", channel="case-4711", result="alert-1")
    page = metrics.exposition().decode()
    assert 'deliveries_total{channel="other",result="other"} 1.0' in page
    assert "4711" not in page
