"""Pseudonyms: the same for the same patient, of no use to others, and a case keeps its own."""

from __future__ import annotations

import datetime as dt
import re
from typing import TYPE_CHECKING

import pytest

from rupture_watch.gateway import keyfile
from rupture_watch.gateway.keyfile import InvalidKeys, stanza
from rupture_watch.gateway.mapping.pseudonyms import Key, Keyring

if TYPE_CHECKING:
    from pathlib import Path

OLD = Key("2025", b"o" * 32, 0)
NEW = Key("2026", b"n" * 32, 1_000)


def test_a_pseudonym_is_of_the_contracts_letters_and_always_the_same() -> None:
    ring = Keyring([OLD])
    case = ring.names("Patient/1", None).case
    assert re.fullmatch("[a-z2-7]{26}", case)
    assert case == Keyring([OLD]).names("Patient/1", 5).case
    assert case != ring.names("Patient/2", None).case
    assert case != Keyring([NEW]).names("Patient/1", None).case


def test_things_of_different_kinds_cannot_be_matched() -> None:
    names = Keyring([OLD]).names("Patient/1", None)
    assert len({names.of(kind, "7") for kind in ("case", "session", "appointment", "event")}) == 4
    assert names.of("a", "b", "c") != names.of("a", "bc")


def test_a_running_case_keeps_its_pseudonym_when_the_key_changes() -> None:
    before = Keyring([OLD]).names("Patient/1", 999)
    after = Keyring([NEW, OLD], known={before.case}.__contains__).names("Patient/1", 2_000)
    assert after.case == before.case
    assert after.of("session", "7") == before.of("session", "7")


def test_a_new_case_is_minted_with_the_newest_key_whose_time_has_come() -> None:
    ring = Keyring([OLD, NEW])
    assert ring.names("Patient/2", 999).case == Keyring([OLD]).names("Patient/2", 0).case
    assert ring.names("Patient/2", 1_000).case == Keyring([NEW]).names("Patient/2", 0).case


def test_a_case_that_two_keys_know_stays_with_the_older() -> None:
    both = {Keyring([key]).names("Patient/1", 0).case for key in (OLD, NEW)}
    ring = Keyring([OLD, NEW], known=both.__contains__)
    assert ring.names("Patient/1", 2_000).case == Keyring([OLD]).names("Patient/1", 0).case


def test_what_is_derived_for_another_purpose_is_no_key() -> None:
    ring = Keyring([OLD, NEW])
    assert ring.derived("tokens") != ring.derived("other")
    assert len(ring.derived("tokens")) == 32


def test_a_key_file_is_read_as_it_is_printed(tmp_path: Path) -> None:
    file = tmp_path / "keys.toml"
    since = dt.datetime(2026, 1, 1, tzinfo=dt.UTC)
    file.write_text(stanza("2026-01", b"k" * 32, since) + stanza("2026-02", b"l" * 32, since))
    first, second = keyfile.load(file)
    assert first == Key("2026-01", b"k" * 32, int(since.timestamp()) * 1_000_000)
    assert second.secret == b"l" * 32


@pytest.mark.parametrize(
    "text",
    [
        "",
        "key = 1",
        "[[key]]",
        '[[key]]\nname = "a"\nsecret = "abcd"\nsince = 2026-01-01T00:00:00Z',
        '[[key]]\nname = "a"\nsecret = "' + "s" * 64 + '"\nsince = 2026-01-01T00:00:00Z',
        '[[key]]\nname = "a"\nsecret = "' + "5" * 64 + '"\nsince = 2026-01-01T00:00:00',
        ('[[key]]\nname = "a"\nsecret = "' + "5" * 64 + '"\nsince = 2026-01-01T00:00:00Z\n') * 2,
    ],
    ids=["empty", "no list", "nothing", "short", "not hex", "no offset", "twice"],
)
def test_a_key_file_that_will_not_do_is_refused_without_its_secrets(
    text: str, tmp_path: Path
) -> None:
    file = tmp_path / "keys.toml"
    file.write_text(text)
    with pytest.raises(InvalidKeys) as caught:
        keyfile.load(file)
    assert not re.search("[0-9s]{20}|abcd", str(caught.value))
    with pytest.raises(InvalidKeys):
        keyfile.load(tmp_path / "absent")
