"""The deployment's files as data: compose services, Dockerfile instructions, scrape targets."""

from __future__ import annotations

from pathlib import Path
from typing import Any, NamedTuple

import yaml
from dockerfile_parse import DockerfileParser

REPOSITORY = Path(__file__).parent.parent.parent
DOCKERFILE = REPOSITORY / "deploy" / "Dockerfile"
PROMETHEUS = REPOSITORY / "deploy" / "prometheus"


class Instruction(NamedTuple):
    """One instruction of the Dockerfile, continuation lines joined."""

    word: str
    value: str


def compose() -> dict[str, Any]:
    """Return docker-compose.yml with its anchors and merges resolved."""
    content: dict[str, Any] = yaml.safe_load((REPOSITORY / "docker-compose.yml").read_text("utf-8"))
    return content


def services() -> dict[str, dict[str, Any]]:
    """Return the services of docker-compose.yml by name."""
    found: dict[str, dict[str, Any]] = compose()["services"]
    return found


def own_services() -> dict[str, dict[str, Any]]:
    """Return the services that run this repository's image."""
    return {name: service for name, service in services().items() if "build" in service}


def stages() -> list[list[Instruction]]:
    """Return the Dockerfile's stages, each from its FROM to the next."""
    structure = DockerfileParser(str(DOCKERFILE)).structure
    found: list[list[Instruction]] = []
    for part in structure:
        if part["instruction"] == "FROM":
            found.append([])
        if part["instruction"] != "COMMENT":
            found[-1].append(Instruction(part["instruction"], part["value"]))
    return found


def image_environment() -> dict[str, str]:
    """Return the environment that the image sets for the service."""
    environment: dict[str, str] = dict(DockerfileParser(str(DOCKERFILE)).envs)
    return environment


def scrape_jobs() -> dict[str, dict[str, Any]]:
    """Return Prometheus' scrape jobs by name."""
    text = (PROMETHEUS / "prometheus.yml").read_text("utf-8")
    return {job["job_name"]: job for job in yaml.safe_load(text)["scrape_configs"]}
