"""A calibration for machines: every fitted number, and what every limit costs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from rupture_watch.operations.backtest.rates import Rate as Cost
    from rupture_watch.operations.calibrate.calibration import Calibration
    from rupture_watch.operations.calibrate.fitted import Prior
    from rupture_watch.operations.calibrate.limits import Expected
    from rupture_watch.operations.calibrate.rates import Interval, Rate

Plain = dict[str, Any]

_DIGITS = 4


def as_json(found: Calibration) -> Plain:
    """Return the whole calibration as plain values."""
    fitted = found.fitted
    return {
        "log": {
            "events": found.events,
            "refused": found.refused,
            "cases": found.cases,
            "clients_read": found.clients,
        },
        "base": found.base,
        "aim": {
            "false_alarms_per_100_rated_sessions": found.aim.by_chance,
            "alarms_per_week": found.aim.per_week,
            "caseload": found.aim.caseload,
        },
        "null_clients": found.null_clients,
        "seed": found.seed,
        "instruments": [
            {"instrument": instrument, "scale": code, **_prior(prior)}
            for (instrument, code), prior in fitted.priors.items()
        ],
        "skipped": [
            {"instrument": instrument, "scale": code, "clients": clients, "forms": forms}
            for (instrument, code), (clients, forms) in fitted.skipped.items()
        ],
        "channels": {name: _rate(rate) for name, rate in fitted.channels.items()},
        "appointments": {name: _rate(rate) for name, rate in fitted.outcomes.items()},
        "before": _expected(found.before),
        "chosen": _expected(found.chosen),
        "limits": [_expected(one) for one in found.curve],
        "proposal": found.proposal,
    }


def _prior(prior: Prior) -> Plain:
    return {
        "clients": prior.clients,
        "forms": prior.forms,
        "mean": _span(prior.mean),
        "tau": _span(prior.tau),
        "s0": _span(prior.s0),
        "ceiling": prior.ceiling,
        "ceiling_share_of_resamples": prior.piled,
        "share_of_clients_with_a_rupture": prior.mixture.ruptured,
        "known": {
            "mean": prior.known.mean,
            "tau": prior.known.tau,
            "s0": prior.known.s0,
            "ceiling": prior.known.ceiling,
        },
    }


def _rate(rate: Rate) -> Plain:
    return {
        "clients": rate.clients,
        "sessions": rate.facts,
        "rate": _span(rate.rate),
        "weight": _span(rate.weight),
    }


def _expected(expected: Expected) -> Plain:
    return {
        "strain_limit": expected.limit,
        "false_alarms_per_100_rated_sessions": _span(expected.by_chance),
        "null_clients_flagged_percent": _span(expected.flagged),
        "alarms_per_week": _span(expected.per_week),
    }


def _span(interval: Interval | Cost) -> dict[str, float]:
    return {name: float(f"{x:.{_DIGITS}g}") for name, x in interval._asdict().items()}
