from __future__ import annotations

import tomllib
from typing import Any

import pytest

from rupture_watch.alliance.strain import StrainParameters
from rupture_watch.alliance.strain.reading import ParameterError, parameters_of

TEXT = """
limit = -1
[onsets]
dip = 0.02
[channels]
client_late = false
[channels.missing_form]
rate = 0.2
effects = { quiet = 3 }
[channels.rescheduled]
effects = { quiet = 0.5 }
[measures.bond_gap]
two_sided = false
[appointments]
weight = 5
[appointments.rates]
no_show = 0.1
[appointments.effects]
no_show = { quiet = 2.0 }
attended = { repair = 0.1 }
"""


def test_an_empty_table_is_the_default() -> None:
    assert parameters_of({}) == StrainParameters()


def test_a_table_changes_what_it_names_and_nothing_else() -> None:
    default = StrainParameters()
    read = parameters_of(tomllib.loads(TEXT))
    assert (read.limit, read.onsets.dip, read.onsets.quiet) == (-1.0, 0.02, default.onsets.quiet)
    assert "client_late" not in read.channels
    missing = read.channels["missing_form"]
    assert (missing.rate, missing.weight) == (0.2, default.channels["missing_form"].weight)
    assert missing.effects == {**default.channels["missing_form"].effects, "quiet": 3.0}
    assert read.channels["rescheduled"].effects == {"quiet": 0.5}
    assert read.measures["bond_gap"].two_sided is False
    assert read.appointments.weight == 5.0
    assert read.appointments.rates == {**default.appointments.rates, "no_show": 0.1}
    assert read.appointments.effects["no_show"]["quiet"] == 2.0
    assert read.appointments.effects["no_show"]["after"] == 0.7
    assert read.appointments.effects["attended"] == {"repair": 0.1}


@pytest.mark.parametrize(
    ("table", "message"),
    [
        ({"onset": {}}, "strain.onset: no such parameter"),
        ({"onsets": {"dipp": 0.1}}, "strain.onsets.dipp: no such parameter"),
        ({"onsets": 3}, "strain.onsets: must be a table"),
        ({"onsets": {"dip": "often"}}, "strain.onsets.dip: must be a number"),
        ({"limit": True}, "strain.limit: must be a number"),
        ({"limit": float("nan")}, "strain.limit: must be a number"),
        ({"channels": 1}, "strain.channels: must be a table"),
        ({"channels": {"client_late": True}}, "strain.channels.client_late: must be a table"),
        ({"measures": {"bond_gap": {"two_sided": 1}}}, "two_sided: must be true or false"),
        ({"onsets": {"dip": 2}}, "strain.onsets: onsets must be shares of 1"),
        (
            {"channels": {"missing_form": {"effects": {"gloom": 1}}}},
            "strain.channels.missing_form: no such effect: gloom",
        ),
        ({"appointments": {"rates": {"lost": 0.1}}}, "strain.appointments: rates must be of"),
        ({"appointments": {"effects": {"lost": {}}}}, "strain.appointments: no such outcome: lost"),
        ({"patterns": {"other": 0.5}}, "strain.patterns: patterns must be positive and add up"),
        ({"falls": {"dip": 0}}, "strain.falls: falls must be positive"),
        ({"measures": {"log_duration": {"s0": 0}}}, "log_duration: tau and s0 must be positive"),
        (
            {"channels": {"missing_form": {"rate": 1}}},
            "missing_form: rate must lie between 0 and 1",
        ),
    ],
)
def test_what_is_wrong_is_told_by_its_path(table: dict[str, Any], message: str) -> None:
    with pytest.raises(ParameterError, match=message):
        parameters_of(table)
