"""``deliver`` and ``deliveries`` without a broker: what they print, and how they end."""

from __future__ import annotations

import base64
import json
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
)

from rupture_watch.delivery.channels.fhir_terms import REASONS, concepts
from rupture_watch.delivery.channels.opening import channel_of
from rupture_watch.delivery.configuration import load
from rupture_watch.failures import Misconfigured
from rupture_watch.operations.tail.sentences import REASONS as WORDS

if TYPE_CHECKING:
    from pathlib import Path


def _run(*arguments: str, folder: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "rupture_watch", *arguments],
        capture_output=True,
        text=True,
        check=False,
        env={"RUPTURE_WATCH_DATA_DIR": str(folder), "PATH": "", "COLUMNS": "200"},
        timeout=60,
    )


@pytest.fixture
def example(tmp_path: Path) -> Path:
    """The example that ships with the service, with the files that it names."""
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    pem = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    (tmp_path / "smart-key.pem").write_bytes(pem)
    (tmp_path / "mail-password").write_text("canary-password")
    secret = "whsec_" + base64.b64encode(b"canary" * 5).decode()
    (tmp_path / "ehr-hook.secret").write_text(secret)
    printed = _run("deliver", "--example", folder=tmp_path)
    assert printed.returncode == 0, printed.stderr
    (tmp_path / "deliveries.toml").write_text(printed.stdout, "utf-8")
    return tmp_path / "deliveries.toml"


def test_the_example_is_a_configuration(example: Path, tmp_path: Path) -> None:
    checked = _run("deliver", "--config", str(example), "--check", folder=tmp_path)
    assert checked.stdout.splitlines() == [
        "ehr-hook: webhook",
        "ehr: fhir",
        "lead: mail",
        "team-daily: digest",
    ]
    assert (checked.returncode, checked.stderr) == (0, "")


def test_a_wrong_configuration_is_one_line_and_78(example: Path, tmp_path: Path) -> None:
    example.write_text(example.read_text("utf-8").replace('"webhook"', '"pigeon"'), "utf-8")
    ended = _run("deliver", "--config", str(example), folder=tmp_path)
    assert ended.returncode == 78
    assert ended.stderr.startswith("rupture-watch: deliveries.toml: endpoint.0: ")
    assert ended.stderr.count("\n") == 1


@pytest.mark.parametrize(
    ("file", "text", "fault"),
    [
        ("ehr-hook.secret", "", "endpoint ehr-hook: secrets_file: one secret a line"),
        ("ehr-hook.secret", "whsec_c2hvcnQ=", "endpoint ehr-hook: secrets_file: a secret has 24"),
        ("ehr-hook.secret", "whsec_!", "endpoint ehr-hook: secrets_file: "),
        ("ehr-hook.secret", "whsec_ä", "endpoint ehr-hook: secrets_file: UnicodeDecodeError"),
        ("smart-key.pem", "no key", "endpoint ehr: smart.key_file: "),
        ("smart-key.pem", '{"kty": "RSA"}', "endpoint ehr: smart.key_file: "),
    ],
)
def test_a_secret_that_cannot_be_used_is_named_by_its_endpoint_and_not_shown(
    example: Path, file: str, text: str, fault: str
) -> None:
    (example.parent / file).write_text(text, "utf-8")
    with pytest.raises(Misconfigured) as error:
        _ = [channel_of(endpoint) for endpoint in load(example).endpoint]
    assert str(error.value).startswith(fault)
    assert not text or text not in str(error.value)


def test_the_list_of_an_empty_log_is_empty(example: Path, tmp_path: Path) -> None:
    for arguments, out in (
        (["--failed", "--json"], ""),
        (["retry"], "0 will be tried again\n"),
        (["attempts", "1"], ""),
    ):
        listed = _run("deliveries", "--config", str(example), *arguments, folder=tmp_path)
        assert (listed.returncode, listed.stdout, listed.stderr) == (0, out, "")


def test_a_log_that_cannot_be_written_is_one_line_and_70(example: Path, tmp_path: Path) -> None:
    text = example.read_text("utf-8").replace("[log]", '[log]\nurl = "sqlite:////proc/log.db"')
    example.write_text(text, "utf-8")
    ended = _run("deliveries", "--config", str(example), folder=tmp_path)
    assert ended.returncode == 70
    assert ended.stderr.startswith("rupture-watch: the delivery log: ")
    assert ended.stderr.count("\n") == 1


def test_the_code_systems_hold_every_concept_and_every_reason(
    example: Path, tmp_path: Path
) -> None:
    printed = _run("deliveries", "--config", str(example), "code-systems", folder=tmp_path)
    signals, reasons = map(json.loads, printed.stdout.splitlines())
    assert {one["code"] for one in signals["concept"]} == set(concepts())
    assert {one["code"] for one in reasons["concept"]} == set(REASONS) == set(WORDS)
