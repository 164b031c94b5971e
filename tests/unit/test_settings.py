"""Settings: read once from the environment, wrong ones named by their variable."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest

from rupture_watch.kafka.connection import Unreadable, connection_arguments
from rupture_watch.settings import (
    InvalidSettings,
    KafkaSettings,
    Settings,
    as_environment,
    load,
    table,
)

if TYPE_CHECKING:
    from pathlib import Path

    from rupture_watch.settings import Row

OURS = ("KAFKA_", "RUPTURE_WATCH_")


@pytest.fixture(autouse=True)
def _clean_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [name for name in os.environ if name.startswith(OURS)]:
        monkeypatch.delenv(name)


def test_without_any_variable_the_local_broker_is_meant() -> None:
    settings = load()
    assert settings.kafka.bootstrap == "127.0.0.1:9092"
    assert (settings.topic_prefix, settings.app_id) == ("alliance.", "rupture-watch")
    assert (settings.partitions, settings.http_port) == (4, 9464)


def test_variables_are_read_in_both_groups(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KAFKA_BOOTSTRAP", "one:9092,two:9093")
    monkeypatch.setenv("RUPTURE_WATCH_PARTITIONS", "12")
    settings = load()
    assert (settings.kafka.bootstrap, settings.partitions) == ("one:9092,two:9093", 12)


def test_an_empty_variable_counts_as_absent(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RUPTURE_WATCH_RULESET", "")
    monkeypatch.setenv("KAFKA_BOOTSTRAP", "")
    assert load() == Settings()
    assert load().ruleset is None


@pytest.mark.parametrize(
    ("variable", "value"),
    [
        ("RUPTURE_WATCH_PARTITIONS", "none"),
        ("RUPTURE_WATCH_PARTITIONS", "0"),
        ("RUPTURE_WATCH_TOPIC_PREFIX", "with spaces"),
        ("RUPTURE_WATCH_APP_ID", "a/b"),
        ("RUPTURE_WATCH_LOG_LEVEL", "LOUD"),
        ("RUPTURE_WATCH_RULESET", "no-such-file"),
        ("KAFKA_BOOTSTRAP", "no-port"),
        ("KAFKA_SECURITY_PROTOCOL", "TLS"),
        ("KAFKA_SSL_CA_FILE", "no-such-file"),
    ],
)
def test_a_wrong_value_is_one_line_that_names_its_variable_and_keeps_the_value_to_itself(
    monkeypatch: pytest.MonkeyPatch, variable: str, value: str
) -> None:
    monkeypatch.setenv(variable, value)
    with pytest.raises(InvalidSettings) as caught:
        load()
    line = str(caught.value)
    assert line.startswith(f"{variable}: ")
    assert "\n" not in line
    assert value not in line.split(": ", 1)[1].split()


def test_all_wrong_values_are_named_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RUPTURE_WATCH_PARTITIONS", "none")
    monkeypatch.setenv("RUPTURE_WATCH_HTTP_PORT", "70000")
    with pytest.raises(InvalidSettings, match=r"PARTITIONS: .*; RUPTURE_WATCH_HTTP_PORT: "):
        load()


def test_signing_in_needs_a_user_and_a_password_file(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KAFKA_SECURITY_PROTOCOL", "SASL_SSL")
    with pytest.raises(InvalidSettings, match="KAFKA_SASL_USERNAME and KAFKA_SASL_PASSWORD_FILE"):
        load()


BEARING = {"KAFKA_SECURITY_PROTOCOL": "SASL_SSL", "KAFKA_SASL_MECHANISM": "OAUTHBEARER"}
ASKING = {
    "KAFKA_SASL_TOKEN_ENDPOINT": "https://issuer.example/token",
    "KAFKA_SASL_CLIENT_ID": "watch",
}


@pytest.mark.parametrize("given", ["nothing", "half of the credentials", "both ways"])
def test_a_bearer_token_comes_from_a_file_or_from_an_endpoint_and_not_from_both(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, given: str
) -> None:
    file = tmp_path / "secret"
    file.touch()
    ways = {
        "nothing": {},
        "half of the credentials": ASKING,
        "both ways": {
            **ASKING,
            "KAFKA_SASL_CLIENT_SECRET_FILE": str(file),
            "KAFKA_SASL_TOKEN_FILE": str(file),
        },
    }
    for name, value in {**BEARING, **ways[given]}.items():
        monkeypatch.setenv(name, value)
    with pytest.raises(InvalidSettings, match="OAUTHBEARER needs KAFKA_SASL_TOKEN_FILE, or else"):
        load()


def test_a_token_endpoint_in_clear_text_is_refused_unless_it_is_on_this_machine(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    secret = tmp_path / "secret"
    secret.write_text("hunter2")
    for name, value in {**BEARING, **ASKING, "KAFKA_SASL_CLIENT_SECRET_FILE": str(secret)}.items():
        monkeypatch.setenv(name, value)
    assert "hunter2" not in repr(load())
    monkeypatch.setenv("KAFKA_SASL_TOKEN_ENDPOINT", "http://127.0.0.1:8080/token")
    load()
    monkeypatch.setenv("KAFKA_SASL_TOKEN_ENDPOINT", "http://issuer.example/token")
    with pytest.raises(InvalidSettings, match="KAFKA_SASL_TOKEN_ENDPOINT"):
        load()


def test_a_certificate_without_its_key_is_refused(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    certificate = tmp_path / "cert.pem"
    certificate.touch()
    monkeypatch.setenv("KAFKA_SSL_CERT_FILE", str(certificate))
    with pytest.raises(InvalidSettings, match="belong together"):
        load()


def test_the_environment_of_settings_makes_the_same_settings(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    password = tmp_path / "password"
    password.write_text("secret\n")
    settings = Settings(
        kafka=KafkaSettings(
            bootstrap="here:1",
            security_protocol="SASL_PLAINTEXT",
            sasl_username="service",
            sasl_password_file=password,
        ),
        partitions=7,
        replication=2,
        data_dir=tmp_path,
        tick_interval=0.0,
    )
    for name, value in as_environment(settings).items():
        monkeypatch.setenv(name, value)
    assert load() == settings


def test_every_setting_is_documented_once() -> None:
    rows: list[Row] = list(table())
    names = [row.variable for row in rows]
    fields = len(KafkaSettings.model_fields) + len(Settings.model_fields)
    assert len(names) == len(set(names)) == fields - 1  # the group itself is no variable
    assert all(row.description.endswith(".") or "`" in row.description for row in rows)


def test_the_password_comes_from_its_file_without_the_line_break(tmp_path: Path) -> None:
    password = tmp_path / "password"
    password.write_text("two words\n")
    kafka = KafkaSettings(
        security_protocol="SASL_PLAINTEXT", sasl_username="service", sasl_password_file=password
    )
    arguments = connection_arguments(kafka)
    assert arguments["sasl_plain_password"] == "two words"  # noqa: S105 - a test's
    assert arguments["ssl_context"] is None


def test_no_password_shows_when_settings_are_printed(tmp_path: Path) -> None:
    password = tmp_path / "password"
    password.write_text("hunter2")
    kafka = KafkaSettings(
        security_protocol="SASL_PLAINTEXT", sasl_username="service", sasl_password_file=password
    )
    assert "hunter2" not in repr(kafka)


def test_a_file_without_a_certificate_is_named_by_its_setting(tmp_path: Path) -> None:
    authorities = tmp_path / "ca.pem"
    authorities.write_text("no certificate")
    kafka = KafkaSettings(security_protocol="SSL", ssl_ca_file=authorities)
    with pytest.raises(Unreadable, match="KAFKA_SSL_"):
        connection_arguments(kafka)
