"""Which endpoint hears of which revision."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from rupture_watch.delivery.selection import is_wanted
from tests.receivers.alerts import revision
from tests.receivers.office import hook, mailbox

if TYPE_CHECKING:
    from pathlib import Path


@pytest.mark.parametrize(
    ("change", "severity", "known", "wanted"),
    [
        ("raised", 3, False, True),
        ("raised", 2, False, False),
        ("amended", 2, True, True),
        ("amended", 4, False, True),
        ("retracted", None, True, True),
        ("retracted", None, False, False),
        ("closed", 3, True, False),
    ],
)
def test_a_system_that_has_heard_of_an_alert_hears_of_all_that_becomes_of_it(
    tmp_path: Path, change: str, severity: int | None, *, known: bool, wanted: bool
) -> None:
    changes = ["raised", "amended", "retracted", "repaired"]
    endpoint = hook(tmp_path, "http://127.0.0.1/", severities=[3, 4], changes=changes)
    made = revision("case-1", 1, change, **({} if severity is None else {"severity": severity}))
    if severity is None:
        made = made._replace(data={k: v for k, v in made.data.items() if k != "severity"})  # type: ignore[arg-type]
    assert is_wanted(endpoint, made, known=known) is wanted


@pytest.mark.parametrize(
    ("change", "severity", "known", "wanted"),
    [
        ("raised", 3, False, True),
        ("raised", 2, False, False),
        ("amended", 4, False, True),
        ("amended", 4, True, False),
        ("raised", 3, True, True),
        ("repaired", 4, False, False),
    ],
)
def test_a_person_hears_of_an_open_alert_when_it_is_grave_enough_for_the_first_time(
    change: str, severity: int, *, known: bool, wanted: bool
) -> None:
    made = revision("case-1", 1, change, severity=severity)
    assert is_wanted(mailbox(25, severities=[3, 4]), made, known=known) is wanted
