"""The in-memory stand-in answers what a worker asks before it starts, or is taken to have none."""

from __future__ import annotations

from rupture_watch.kafka.admin import Admin
from rupture_watch.operations.broker.mock import MockBroker
from rupture_watch.settings import KafkaSettings


async def test_a_stand_in_that_describes_no_groups_is_taken_to_have_no_members() -> None:
    async with (
        MockBroker() as mock,
        Admin(KafkaSettings(bootstrap=mock.bootstrap), timeout=20.0) as admin,
    ):
        assert await admin.members("anybody") == 0
