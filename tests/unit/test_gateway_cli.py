"""The commands at the edge: what a file becomes, what a mapping does not know, fresh secrets."""

from __future__ import annotations

import json
import tomllib
from hashlib import sha256
from typing import TYPE_CHECKING, Any

import pytest
from typer.testing import CliRunner

from rupture_watch.cli.entry import app
from rupture_watch.contracts.reading import read_line
from rupture_watch.gateway import clients, keyfile
from tests.ehr_bodies import CANARY, appointment, body, event, notification, response, siu

if TYPE_CHECKING:
    from pathlib import Path

    from typer.testing import Result

FEEDBACK = {"feedback": [{"card": "0" * 32, "outcome": "accepted", "outcomeTimestamp": "x"}]}


def _run(*arguments: str) -> Result:
    return CliRunner().invoke(app, arguments)


@pytest.fixture
def sent(tmp_path: Path) -> Any:
    def write(content: Any) -> str:
        file = tmp_path / "sent"
        text = content if isinstance(content, str) else body(content).decode()
        file.write_bytes(text.encode())
        return str(file)

    return write


@pytest.mark.parametrize(
    "content", [appointment(), response(), siu("S26"), event()], ids=["a", "b", "c", "d"]
)
def test_a_file_of_any_format_becomes_events_on_standard_output(content: Any, sent: Any) -> None:
    result = _run("map", sent(content))
    assert result.exit_code == 0, result.stderr
    [line] = result.stdout.splitlines()
    read_line(line.encode())


def test_lines_of_events_are_judged_one_by_one(sent: Any) -> None:
    lines = "\n".join(json.dumps(one) for one in (event("a"), event("b", type="x"), event("c")))
    result = _run("map", sent(lines))
    assert result.exit_code == 1
    assert [json.loads(line)["id"] for line in result.stdout.splitlines()] == ["a", "c"]
    assert "refused: type: unknown_type" in result.stderr


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (siu("S16"), "refused: MSH-9.2: unsupported"),
        (appointment(start=None), "refused: Appointment.start: no_start"),
        (appointment(status=CANARY), "refused: Appointment.status: unmapped"),
        (FEEDBACK, "refused: feedback.0.outcomeTimestamp: missing"),
        ("hello", "refused: unreadable"),
        ("", "refused: unreadable"),
    ],
)
def test_a_refusal_is_a_reason_and_exit_code_1(content: Any, reason: str, sent: Any) -> None:
    result = _run("map", sent(content))
    assert result.exit_code == 1
    assert result.stdout == ""
    assert reason in result.stderr
    assert CANARY not in result.stderr


def test_what_is_understood_and_tells_nothing_is_no_fault(sent: Any) -> None:
    result = _run("map", sent(notification(1, kind="handshake")))
    assert (result.exit_code, result.stdout) == (0, "")
    assert "no_event: SubscriptionStatus.type: no_news" in result.stderr


def test_a_format_can_be_named(sent: Any) -> None:
    assert _run("map", "--format", "hl7v2", sent(appointment())).exit_code == 1
    assert _run("map", "--format", "hl7v3", sent(appointment())).exit_code == 2


def test_what_would_be_too_late_when_received_is_told_and_history_is_taken(sent: Any) -> None:
    late = sent(appointment(meta=None))
    received = ("--received", "2027-01-01T00:00:00Z")
    assert _run("map", late).exit_code == 0
    assert "refused: recordedtime: too_late" in _run("map", late, *received).stderr
    taken = _run("map", late, *received, "--backfill")
    assert json.loads(taken.stdout)["backfill"] is True


def test_a_mapping_and_keys_of_ones_own_are_used(sent: Any, tmp_path: Path) -> None:
    mapping = tmp_path / "mapping.toml"
    mapping.write_text('source = "/clinic"\n[fhir.appointment_status]\nseen = "attended"\n')
    keys = tmp_path / "keys.toml"
    keys.write_text(_run("keys", "pseudonym", "2026", "--since", "2026-01-01T00:00:00Z").stdout)
    seen = sent(appointment(status="seen"))
    result = _run("map", seen, "--mapping", str(mapping), "--keys", str(keys))
    assert "example key" not in result.stderr
    made = json.loads(result.stdout)
    assert (made["source"], made["data"]["status"]) == ("/clinic", "attended")
    plain = _run("map", seen, "--mapping", str(mapping))
    assert "example key" in plain.stderr
    assert json.loads(plain.stdout)["subject"] != made["subject"]


def test_a_report_tells_codes_and_never_text(sent: Any, tmp_path: Path) -> None:
    other = tmp_path / "other"
    sentence = {"valueCoding": {"code": f"{CANARY} was sad", "display": CANARY}}
    form = response(item=[{"linkId": "goals", "answer": [sentence]}])
    other.write_bytes(body(form))
    files = (sent(appointment(status="X17", description=CANARY)), str(other))
    result = _run("mapping", "report", *files)
    assert result.exit_code == 0
    assert "     1  Appointment.status: X17 -> refused" in result.stdout
    assert "     1  SRS.answer: (not a code) -> left out" in result.stdout
    assert CANARY not in result.stdout
    told = json.loads(_run("mapping", "report", "--json", *files).stdout)
    assert told["bodies"] == 2
    assert {one["code"] for one in told["unmapped"]} == {"X17", "(not a code)"}


def test_the_whole_mapping_can_be_shown() -> None:
    shown = json.loads(_run("mapping", "show").stdout)
    assert shown["hl7v2"]["triggers"]["S26"] == {"status": "no_show", "initiator": "client"}


def test_a_fresh_pseudonymisation_key_can_be_loaded(tmp_path: Path) -> None:
    file = tmp_path / "keys.toml"
    file.write_text("".join(_run("keys", "pseudonym", name).stdout for name in ("a", "b")))
    first, second = keyfile.load(file)
    assert len(first.secret) == 32
    assert first.secret != second.secret


def test_a_fresh_api_key_is_shown_once_and_kept_as_its_hash(tmp_path: Path) -> None:
    result = _run("keys", "client", "ehr", "--scopes", "fhir, hl7v2")
    key = result.stderr.split()[-1]
    assert key not in result.stdout
    [client] = tomllib.loads(result.stdout)["client"]
    assert client["key_sha256"] == [sha256(key.encode()).hexdigest()]
    file = tmp_path / "clients.toml"
    file.write_text(result.stdout)
    found = clients.load(file).by_key(key)
    assert found is not None
    assert found.scopes == {"fhir", "hl7v2"}
