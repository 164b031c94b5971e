"""Rule sets by name and file: profiles say only what differs, and no number goes unread."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from rupture_watch import settings
from rupture_watch.alliance.ruleset import RuleSetError
from rupture_watch.rulesets import SHIPPED, load_catalogue, load_ruleset
from rupture_watch.rulesets.describe import describe

if TYPE_CHECKING:
    from pathlib import Path

PROFILE = """
extends = "default"
name = "evenings"
version = "2.1.0"
"""


def written(folder: Path, text: str) -> Path:
    path = folder / "rules.toml"
    path.write_text(text, "utf-8")
    return path


def refusal(folder: Path, text: str) -> str:
    with pytest.raises(RuleSetError) as refused:
        load_ruleset(written(folder, text))
    message = str(refused.value)
    assert "\n" not in message
    return message.removeprefix("rule set: ")


@pytest.mark.parametrize("name", SHIPPED)
def test_every_shipped_rule_set_is_complete_and_has_its_own_name(name: str) -> None:
    assert load_catalogue(name).ruleset.name == name


def test_shipped_rule_sets_have_different_hashes() -> None:
    assert len({load_ruleset(name).hash for name in SHIPPED}) == len(SHIPPED)


def test_settings_know_the_same_names(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    assert settings.RULESETS == SHIPPED
    for source in (*SHIPPED, str(written(tmp_path, PROFILE))):
        monkeypatch.setenv("RUPTURE_WATCH_RULESET", source)
        assert settings.load().ruleset == source
        assert load_ruleset(settings.load().ruleset).content


def test_without_a_name_it_is_the_default() -> None:
    assert load_ruleset(None).hash == load_ruleset("default").hash


def test_a_profile_changes_what_it_says_and_nothing_else(tmp_path: Path) -> None:
    profile = load_ruleset(written(tmp_path, PROFILE + "[rules.A1]\nz = -2.4\n"))
    default = load_ruleset()
    assert (profile.name, profile.version) == ("evenings", "2.1.0")
    assert profile.content["rules"]["A1"] == {**default.content["rules"]["A1"], "z": -2.4}
    others = {key: rule for key, rule in profile.content["rules"].items() if key != "A1"}
    assert others == {key: rule for key, rule in default.content["rules"].items() if key != "A1"}
    assert profile.content["engine"] == default.content["engine"]


def test_the_hash_is_that_of_the_whole(tmp_path: Path) -> None:
    short = load_ruleset(written(tmp_path, PROFILE))
    whole = {**load_ruleset().content, "name": "evenings", "version": "2.1.0"}
    assert short.content == whole
    again = load_ruleset(written(tmp_path, PROFILE + "[rules.A1]\nz = -2.0\n"))
    assert again.hash == short.hash
    other = load_ruleset(written(tmp_path, PROFILE + "[rules.A1]\nz = -2.1\n"))
    assert other.hash != short.hash


def test_a_profile_of_a_profile_starts_from_that(tmp_path: Path) -> None:
    text = PROFILE.replace("default", "strict") + "[rules.A1]\newma = -2.2\n"
    content = load_ruleset(written(tmp_path, text)).content["rules"]["A1"]
    assert content["z"] == load_ruleset("strict").content["rules"]["A1"]["z"]
    assert content["ewma"] == -2.2


def test_only_the_named_rules_are_on(tmp_path: Path) -> None:
    text = 'only = ["A4", "A1"]\n' + PROFILE
    assert list(load_catalogue(written(tmp_path, text)).by_id) == ["A1", "A4"]


def test_plain_measures_and_opens_no_alert() -> None:
    plain = load_catalogue("plain")
    assert list(plain.by_id) == ["A1"]
    assert plain.by_id["A1"].severity == 1


def test_a_number_that_a_profile_changes_keeps_its_own_source() -> None:
    text = PROFILE + "[rules.A1]\nz = -2.4  # our own log\n"
    [entry] = [one for one in describe(text) if one.id == "A1"]
    sources = {number.name: (number.value, number.source) for number in entry.numbers}
    assert sources["z"] == (-2.4, "our own log")
    assert sources["ewma"][1] == next(
        number.source
        for one in describe()
        if one.id == "A1"
        for number in one.numbers
        if number.name == "ewma"
    )


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("name = ", "no valid TOML"),
        ('extends = "nobody"', "extends is one of default, strict, lenient, plain"),
        ('extends = "default"', "a profile has a name and a version of its own"),
        ('name = "x"\nversion = "1"', "missing section alert, engine, frame_load, rules"),
        (PROFILE + "[mood]\nx = 1", "unknown section mood"),
        (PROFILE + "[rules.Z9]\nz = 1", "unknown rule Z9"),
        (PROFILE + "[rules.A1]\nzz = 1", "rules.A1.zz is not known"),
        (PROFILE + "[engine]\nzz = 1", "engine.zz is not known"),
        (PROFILE + '[rules.A1]\nz = "-2"', "rules.A1.z is a number"),
        (PROFILE + "[rules.A1]\nz = true", "rules.A1.z is a number"),
        (PROFILE + "[rules.A1]\nz = nan", "rules.A1.z is a number"),
        (PROFILE + "[rules.A1]\nseverity = 5", "rules.A1.severity is 1, 2, 3 or 4"),
        (PROFILE + "[rules.A4]\ndeep_severity = 0", "rules.A4.deep_severity is 1, 2, 3 or 4"),
        (PROFILE + "[rules.A1]\nenabled = 1", "rules.A1.enabled is true or false"),
        (PROFILE + "[rules]\nA1 = 3", "rules.A1 is a table"),
        (PROFILE + '[rules.A7.p10]\nSRS = "low"', "rules.A7.p10.SRS is a number"),
        (PROFILE + "[rules.B3]\nchange = 3", "rules.B3.change is a table"),
        (PROFILE + "[instruments.SRS.total]\nmean = 99", "instruments.SRS.total"),
        ('only = ["Z9"]\n' + PROFILE, "only names no rule: Z9"),
        ("only = 3\n" + PROFILE, "only is a list of rules"),
    ],
)
def test_a_fault_is_told_in_one_line_with_its_place(
    tmp_path: Path, text: str, message: str
) -> None:
    assert refusal(tmp_path, text).startswith(message)


def test_name_and_version_are_text(tmp_path: Path) -> None:
    text = PROFILE.replace('"2.1.0"', "2")
    assert refusal(tmp_path, text) == "version is text"


def test_an_instrument_may_have_a_number_of_its_own(tmp_path: Path) -> None:
    text = PROFILE + "[rules.A7.p10]\nSRS = 31.0\n[rules.B3.change]\nCORE-10 = 7\n"
    rules = load_ruleset(written(tmp_path, text)).content["rules"]
    assert rules["A7"]["p10"] == {"SRS": 31.0}
    assert rules["B3"]["change"]["CORE-10"] == 7
    assert (
        rules["B3"]["change"]["PHQ-9"] == load_ruleset().content["rules"]["B3"]["change"]["PHQ-9"]
    )


def test_a_missing_file_is_told_with_the_names_there_are(tmp_path: Path) -> None:
    with pytest.raises(RuleSetError, match="no such file, and none of default, strict"):
        load_ruleset(tmp_path / "none.toml")


def test_what_is_no_text_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "rules.toml"
    path.write_bytes(b"\xff\xfe\x00")
    with pytest.raises(RuleSetError, match="cannot be read"):
        load_ruleset(path)
