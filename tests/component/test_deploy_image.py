"""deploy/Dockerfile: what goes in, who runs it, how its health is asked."""

from __future__ import annotations

import fnmatch
import json
import re

import pytest

from rupture_watch import settings
from tests.component.deployment import REPOSITORY, image_environment, services, stages


def _final() -> dict[str, str]:
    return {instruction.word: instruction.value for instruction in stages()[-1]}


@pytest.mark.parametrize("stage", stages(), ids=lambda stage: stage[0].value)
def test_a_stage_starts_from_a_full_version_of_the_supported_python(
    stage: list[tuple[str, str]],
) -> None:
    assert re.match(r"python:3\.11\.\d+-slim-[a-z]+( AS \w+)?$", stage[0][1])


def test_the_service_runs_as_the_numbered_user_that_compose_names() -> None:
    user = _final()["USER"]
    assert user == services()["worker"]["user"]
    assert int(user.split(":")[0]) >= 1000


def test_every_package_comes_with_its_hash_or_from_the_build_itself() -> None:
    commands = [
        command.strip()
        for stage in stages()
        for instruction in stage
        if instruction.word == "RUN"
        for command in instruction.value.split("&&")
        if "/pip " in command
    ]
    unchecked = [
        command
        for command in commands
        if not re.search(r"--require-hashes|--no-index|--no-build-isolation", command)
    ]
    assert len(commands) == 4
    assert unchecked == []


def test_what_the_image_copies_is_there_and_not_ignored() -> None:
    ignore = (REPOSITORY / ".dockerignore").read_text("utf-8").splitlines()
    admitted = [line[1:].rstrip("/") for line in ignore if line.startswith("!")]
    copied = [
        source
        for instruction in stages()[0]
        if instruction.word == "COPY"
        for source in instruction.value.split()[:-1]
    ]
    assert copied
    for source in copied:
        assert (REPOSITORY / source).exists()
        assert any(
            fnmatch.fnmatch(source, pattern) or source.startswith(f"{pattern}/")
            for pattern in admitted
        )


def test_the_final_stage_takes_only_what_the_first_built() -> None:
    copies = [step.value for step in stages()[-1] if step.word in ("COPY", "ADD")]
    assert copies == ["--from=build /opt/rupture-watch /opt/rupture-watch"]


def test_the_image_sets_only_known_settings() -> None:
    known = {row.variable for row in settings.table()}
    ours = {name for name in image_environment() if name.startswith(("RUPTURE_WATCH_", "KAFKA_"))}
    assert ours
    assert ours <= known


def test_health_check_exposed_port_and_setting_agree() -> None:
    port = image_environment()["RUPTURE_WATCH_HTTP_PORT"]
    assert _final()["EXPOSE"] == port
    assert int(port) == settings.Settings.model_fields["http_port"].default
    health = _final()["HEALTHCHECK"]
    command = json.loads(health[health.index("CMD ") + len("CMD ") :])
    assert command[0] == "python"
    assert f"http://127.0.0.1:{port}/livez" in command[-1]
