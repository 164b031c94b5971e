"""docker-compose.yml against its published schema, the settings, and its own promises."""

from __future__ import annotations

import json
import re
from typing import Any
from xml.etree import ElementTree as ET

import jsonschema
import pytest

from rupture_watch import settings
from tests.component.deployment import (
    REPOSITORY,
    compose,
    image_environment,
    own_services,
    scrape_jobs,
    services,
)

SCHEMA = REPOSITORY / "tests/component/node_modules/dclint/schemas/compose.schema.json"
each_service = pytest.mark.parametrize("name", services())
each_own_service = pytest.mark.parametrize("name", own_services())


def test_the_compose_file_follows_the_published_schema() -> None:
    assert _faults(compose()) == []


def test_the_published_schema_refuses_a_misspelt_property() -> None:
    content = compose()
    content["services"]["worker"]["readonly"] = True
    assert _faults(content) == ["$.services.worker"]


@each_service
def test_a_service_runs_hardened(name: str) -> None:
    service = services()[name]
    assert service["read_only"] is True
    assert service["cap_drop"] == ["ALL"]
    assert service["security_opt"] == ["no-new-privileges:true"]
    assert "privileged" not in service
    assert "cap_add" not in service


@each_service
def test_a_service_runs_as_a_numbered_user_that_is_not_root(name: str) -> None:
    user, group = services()[name]["user"].split(":")
    assert int(user) >= 1000
    assert int(group) >= 1000


@each_service
def test_an_image_is_pinned_to_a_full_version(name: str) -> None:
    assert re.fullmatch(r"[a-z/-]+:v?\d+\.\d+\.\d+", services()[name]["image"])


@each_service
def test_a_long_running_service_has_a_health_check(name: str) -> None:
    service = services()[name]
    if service["restart"] == "unless-stopped":
        assert service["healthcheck"]["test"][0] == "CMD"
    else:
        assert service["healthcheck"] == {"disable": True}


@each_service
def test_a_published_port_is_open_on_loopback_only(name: str) -> None:
    ports = services()[name].get("ports", [])
    assert [port for port in ports if not port.startswith("127.0.0.1:")] == []


@each_own_service
def test_a_service_is_configured_by_known_settings_only(name: str) -> None:
    known = {row.variable for row in settings.table()}
    assert own_services()[name]["environment"].keys() <= known


@each_own_service
def test_the_settings_accept_what_a_service_is_given(
    name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    environment = image_environment() | own_services()[name]["environment"]
    for variable, value in environment.items():
        monkeypatch.setenv(variable, value)
    loaded = settings.load()
    assert loaded.kafka.bootstrap == "kafka:19092"
    assert loaded.replication == 1


def test_two_workers_share_the_partitions_evenly() -> None:
    worker = services()["worker"]
    assert worker["deploy"]["replicas"] == 2
    assert int(worker["environment"]["RUPTURE_WATCH_PARTITIONS"]) % 2 == 0


def test_the_workers_reach_kafka_on_a_listener_that_it_advertises() -> None:
    kafka = services()["kafka"]
    advertised = kafka["environment"]["KAFKA_ADVERTISED_LISTENERS"].split(",")
    addresses = {listener.split("://")[1] for listener in advertised}
    for service in own_services().values():
        assert service["environment"]["KAFKA_BOOTSTRAP"] in addresses
        assert set(service["networks"]) & set(kafka["networks"])
    published = [port.rsplit(":", 1)[0] for port in kafka["ports"]]
    assert set(published) <= addresses


def test_a_worker_starts_only_on_a_healthy_broker_with_its_topics_made() -> None:
    conditions = {
        name: how["condition"] for name, how in services()["worker"]["depends_on"].items()
    }
    assert conditions == {"kafka": "service_healthy", "topics": "service_completed_successfully"}


def test_health_check_and_prometheus_ask_the_port_that_the_worker_opens() -> None:
    worker = services()["worker"]
    port = worker["environment"]["RUPTURE_WATCH_HTTP_PORT"]
    assert f"http://127.0.0.1:{port}/readyz" in worker["healthcheck"]["test"][-1]
    (discovery,) = scrape_jobs()["rupture-watch"]["dns_sd_configs"]
    assert discovery["names"] == ["worker"]
    assert discovery["port"] == int(port)


def test_compose_and_the_local_broker_run_the_same_kafka() -> None:
    pom = ET.parse(REPOSITORY / "deploy" / "broker" / "pom.xml")
    version = pom.findtext(".//{*}properties/{*}kafka.version")
    assert services()["kafka"]["image"] == f"apache/kafka:{version}"


def test_every_named_volume_and_network_is_declared_and_used() -> None:
    content = compose()
    networks = {network for service in services().values() for network in service["networks"]}
    assert networks == content["networks"].keys()
    sources = {
        volume.split(":")[0]
        for service in services().values()
        for volume in service.get("volumes", [])
    }
    folders = {source for source in sources if source.startswith(".")}
    assert sources - folders == content["volumes"].keys()
    assert [folder for folder in folders if not (REPOSITORY / folder).is_dir()] == []


def _faults(content: dict[str, Any]) -> list[str]:
    """Return the paths at which ``content`` breaks the published schema, a draft 7 one."""
    schema = json.loads(SCHEMA.read_text("utf-8"))
    return [error.json_path for error in jsonschema.Draft7Validator(schema).iter_errors(content)]
