"""Thousands of schedules, each from its seed, in each of which every promise is kept."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

from tests.simulation.traps import TRAPS

SCHEDULES = int(os.environ.get("SIMULATION_SEEDS", "4000"))
"""Of the light pipeline, at some 35 ms of a core each."""
SERVICE_SCHEDULES = 100
SEARCH = 3000
"""Schedules within which each trap must be found, should its known seed no longer do."""

FOUND_BY = {
    "the_record_at_the_read_offset_is_skipped": 2,
    "a_poll_that_a_rebalance_overtook_is_dropped": 98,
    "inputs_are_read_before_they_are_sought": 64,
    "a_partition_without_a_commit_is_not_rewound": 128,
    "offsets_must_be_consecutive": 149,
    "offsets_are_committed_before_the_state_is_durable": 0,
    "what_was_processed_during_a_checkpoint_counts_as_durable": 11,
    "alerts_are_published_before_their_outbox_is_durable": 322,
    "the_outbox_is_cleared_without_an_acknowledgement": 57,
    "the_outbox_is_not_published_after_a_restore": 0,
    "dead_letters_are_not_awaited": 342,
    "safety_items_are_published_after_the_state": 223,
    "standings_are_published_after_the_state": 38,
    "an_exception_is_only_logged": 28,
    "a_turn_is_cancelled_with_its_caller": 13,
    "pending_offsets_of_revoked_partitions_are_kept": 19,
    "cases_of_lost_partitions_are_kept": 19,
    "partitions_are_given_up_in_the_middle_of_a_batch": 10,
    "a_worker_that_was_put_out_keeps_what_it_knows": 24,
    "a_dropped_partition_is_read_on_from_where_it_once_was": 24,
    "a_restore_waits_for_a_record_at_the_very_end": 4,
    "writes_do_not_ask_for_the_lease": 40,
    "repeated_sends_do_not_ask_for_the_lease": 40,
    "the_lease_does_not_notice_that_the_machine_was_suspended": 99,
    "an_assignment_counts_as_a_heartbeat": 196,
    "a_worker_that_finds_itself_put_out_late_keeps_what_it_knows": 1834,
    "a_restore_of_what_was_dropped_meanwhile_counts": 754,
}
"""The seed that finds a trap. A change of the stream moves it; then the search finds another."""


def _simulate(*arguments: object) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "tests.simulation", *map(str, arguments)],
        env={**os.environ, "PYTHONHASHSEED": "0"},
        capture_output=True,
        check=False,
        text=True,
    )


@pytest.mark.timeout(900)
def test_in_thousands_of_schedules_every_promise_is_kept() -> None:
    done = _simulate("--seeds", SCHEDULES)
    assert done.returncode == 0, done.stdout + done.stderr
    assert f"{SCHEDULES} schedules" in done.stdout


@pytest.mark.timeout(300)
def test_the_services_own_pipeline_stands_where_its_facts_put_it_in_every_schedule() -> None:
    done = _simulate("--pipeline", "alliance", "--seeds", SERVICE_SCHEDULES)
    assert done.returncode == 0, done.stdout + done.stderr


def test_a_seed_plays_out_alike_every_time_alone_and_among_others() -> None:
    trap = "offsets_are_committed_before_the_state_is_durable"
    first, second = (_simulate("--seed", 7, "--trap", trap, "--verbose") for _ in range(2))
    among = _simulate("--first", 0, "--seeds", 8, "--enough", 99, "--trap", trap, "--verbose")
    assert first.stdout == second.stdout
    assert first.returncode == 1
    assert first.stdout in among.stdout


@pytest.mark.timeout(300)
@pytest.mark.parametrize("trap", TRAPS)
def test_a_known_fault_that_is_put_back_in_is_found(trap: str) -> None:
    known = _simulate("--trap", trap, "--seed", FOUND_BY[trap])
    if known.returncode == 0:
        found = _simulate("--trap", trap, "--seeds", SEARCH, "--enough", 1)
        assert found.returncode == 1, found.stdout + found.stderr
