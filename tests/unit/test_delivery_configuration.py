"""The configuration file is checked as a whole, and what is wrong is said in one line."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from rupture_watch.delivery.configuration import load
from rupture_watch.delivery.endpoints import FhirEndpoint, MailEndpoint, WebhookEndpoint
from rupture_watch.settings import InvalidSettings

if TYPE_CHECKING:
    from pathlib import Path

GOOD = """
[log]
url = "postgresql://deliver@db.example/alerts"
password_file = "secret"
keep_failed = "7d"

[[endpoint]]
name = "ehr-hook"
kind = "webhook"
url = "https://ehr.example/hooks/alliance"
secrets_file = "secret"
include = ["case", "link"]
link = "https://inbox.example/"
severities = [3, 4]
retries = ["5s", "30m", "2h"]

[[endpoint]]
name = "ehr"
kind = "fhir"
url = "http://10.2.0.7:8080/r4"
plain_http = true
allow_networks = ["10.2.0.0/24"]
case_system = "https://clinic.example/case"
smart = { token_url = "https://auth.example/token", client_id = "rw", key_file = "secret", key_id = "1" }

[[endpoint]]
name = "lead"
kind = "mail"
host = "mail.example"
username = "clinic"
password_file = "secret"
sender = "alliance@clinic.example"
recipient = "lead@clinic.example"
link = "https://inbox.example/"
quiet = { begin = 20:00:00, end = 07:30:00, zone = "Europe/Berlin", silent = ["sat", "sun"] }

[[endpoint]]
name = "lead-daily"
kind = "digest"
host = "mail.example"
sender = "alliance@clinic.example"
recipient = "lead@clinic.example"
link = "https://inbox.example/"
at = 07:30:00
zone = "Europe/Berlin"
days = ["mon", "tue", "wed", "thu", "fri"]
"""  # noqa: E501 - TOML's inline tables stay on one line
CANARY = "whsec_Y2FuYXJ5LWNhbmFyeS1jYW5hcnk="


@pytest.fixture
def file(tmp_path: Path) -> Path:
    (tmp_path / "secret").write_text("s")
    (tmp_path / "deliveries.toml").write_text(GOOD, "utf-8")
    return tmp_path / "deliveries.toml"


def test_every_kind_of_endpoint_is_read_and_paths_are_relative_to_the_file(file: Path) -> None:
    found = load(file)
    hook, fhir, mail, digest = found.endpoint
    assert isinstance(hook, WebhookEndpoint)
    assert isinstance(fhir, FhirEndpoint)
    assert isinstance(mail, MailEndpoint)
    assert hook.secrets_file == file.parent / "secret"
    assert fhir.smart is not None
    assert fhir.smart.key_file == file.parent / "secret"
    assert hook.retries == (5.0, 1800.0, 7200.0)
    assert found.log.keep_failed == 7 * 86_400.0
    assert mail.quiet is not None
    assert mail.quiet.silent == {5, 6}
    assert digest.kind == "digest"


@pytest.mark.parametrize(
    ("old", "new", "fault"),
    [
        ('kind = "webhook"', 'kind = "fax"', "endpoint.0: Input tag"),
        ('name = "ehr-hook"', 'name = "EHR"', "endpoint.0.name: "),
        ('name = "lead-daily"', 'name = "lead"', "endpoint: two endpoints have one name"),
        ("https://ehr.example", "http://ehr.example", "endpoint.0: url: https, or say plain_http"),
        ("https://ehr.example", "https://u:p@ehr.example", "endpoint.0: url: no user or password"),
        ("https://ehr.example", "https://127.0.0.1", "endpoint.0: url: not a public address"),
        ("https://ehr.example", "https://[::1]", "endpoint.0: url: not a public address"),
        ("https://ehr.example", "https://2130706433", "endpoint.0: url: not a public address"),
        ("https://ehr.example", "https://0x7f.1", "endpoint.0: url: not a public address"),
        ("https://ehr.example", "gopher://ehr.example", "endpoint.0.url: "),
        ('"10.2.0.0/24"', '"10.3.0.0/24"', "endpoint.1: url: not a public address"),
        ('"10.2.0.0/24"', '"ehr.example"', "endpoint.1.allow_networks.0: "),
        ("https://auth.example", "https://10.9.9.9", "endpoint.1: url: not a public address"),
        ('"secret"\ninclude', '"gone"\ninclude', "no such file: endpoint.0.secrets_file"),
        ('include = ["case", "link"]', 'include = ["case"]', 'endpoint.0: include = ["link"]'),
        ("[3, 4]", "[5]", "endpoint.0.severities"),
        ('"30m"', '"30 minutes"', "endpoint.0.retries.1: "),
        ('"30m"', "-1", "endpoint.0.retries.1: "),
        ('zone = "Europe/Berlin"\ndays', 'zone = "Berlin"\ndays', "endpoint.3.zone: no such"),
        ('zone = "Europe/Berlin"\ndays', 'zone = "../../etc/passwd"\ndays', "endpoint.3.zone: no"),
        ('"mon", ', '"mo", ', "endpoint.3.days.0: one of mon"),
        ('"lead@clinic.example"\nlink', '"a@b, c@d"\nlink', "endpoint.2.recipient: "),
        ("keep_failed", "keep_faild", "log.keep_faild: Extra inputs"),
        ("postgresql://deliver@", "mysql://deliver@", "log.url: "),
        ("[log]", "[log", "deliveries.toml: "),
    ],
)
def test_a_fault_is_one_line_that_names_its_place(
    file: Path, old: str, new: str, fault: str
) -> None:
    assert old in GOOD
    file.write_text(GOOD.replace(old, new, 1), "utf-8")
    with pytest.raises(InvalidSettings) as error:
        load(file)
    assert fault in str(error.value)
    assert "\n" not in str(error.value)


def test_no_value_of_the_file_is_repeated_in_a_fault(file: Path) -> None:
    file.write_text(GOOD.replace('"secret"\ninclude', f'["{CANARY}"]\ninclude'), "utf-8")
    with pytest.raises(InvalidSettings) as error:
        load(file)
    assert "endpoint.0.secrets_file" in str(error.value)
    assert CANARY not in str(error.value)


def test_a_missing_file_and_an_empty_one_are_said(tmp_path: Path) -> None:
    with pytest.raises(InvalidSettings, match="No such file"):
        load(tmp_path / "none.toml")
    (tmp_path / "empty.toml").write_text("endpoint = []")
    with pytest.raises(InvalidSettings, match="at least one"):
        load(tmp_path / "empty.toml")
