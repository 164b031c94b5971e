"""An explanation: why and why not by session, the smallest change, and how it looks."""

from __future__ import annotations

import json
from collections import Counter
from typing import TYPE_CHECKING

import msgspec
import pytest
from typer.testing import CliRunner

from rupture_watch.alliance.assessment import Case
from rupture_watch.alliance.facts import Form
from rupture_watch.alliance.history import History
from rupture_watch.cli import main
from rupture_watch.cli.entry import app
from rupture_watch.contracts.reading import Reader
from rupture_watch.operations.backtest import CaseLog
from rupture_watch.operations.explain import UnknownCase, UnknownSession, explain
from rupture_watch.operations.explain.counterfactual import counterfactual
from rupture_watch.operations.explain.explanation import as_it_stood
from rupture_watch.operations.explain.moved import Movable
from rupture_watch.operations.explain.sessions import Judged, sessions
from rupture_watch.operations.simulate import simulate
from tests.builders import (
    CASE,
    a_frame_fact,
    a_no_show,
    a_note,
    a_session,
    alerts_of,
    judge,
    on,
    the_rules,
    weeks,
)
from tests.records import event_of

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from rupture_watch.alliance.facts import Fact
    from rupture_watch.operations.explain import Explanation

STEADY = (36, 35, 37, 36, 35, 36)
DIP = (36, 35, 37, 36, 35, 24)
ENOUGH = 2
REGISTRY = the_rules().ruleset.registry


def explained(facts: Iterable[Fact], session: str | None = None) -> Explanation:
    lines = [json.dumps(event_of(fact)).encode() for fact in facts]
    return explain(CASE, lines, the_rules(), session)


def told(facts: Iterable[Fact], *rules: str, until: float = 40) -> dict[str, Judged]:
    case, _ = judge(facts, until=until, rules=the_rules(*rules))
    return {one.session: one for one in sessions(case)}


def with_total(case: Case, form: Form, changed: Form) -> Case:
    facts = [changed if fact is form else fact for fact in case.history.facts.values()]
    return Case(case.name, case.catalogue, History(facts), case.clock)


def is_open(case: Case) -> bool:
    return any(alert["state"] == "open" for alert in alerts_of(case))


# why, and why not


def test_a_session_that_was_asked_about_names_the_rules() -> None:
    last = told(weeks(*DIP))["s6"]
    assert last.asked[0] == "A1"
    assert last.sentence.startswith("Asked about: A1 (The alliance as a whole), ")
    assert last.nearest is None


def test_a_quiet_session_names_the_rule_that_came_nearest_and_what_it_lacked() -> None:
    facts = weeks(*STEADY)
    last = told(facts)["s6"]
    assert last.nearest is not None
    change = last.nearest.change
    assert change.before["total"] == 36
    assert last.sentence == (
        f"Nothing reached a limit. Nearest: {last.nearest.rules[0]}"
        f" ({the_rules().by_id[last.nearest.rules[0]].concept}), had the total been"
        f" {change.after['total']:g} instead of 36 ({-change.amount:.1f} lower)."
    )


def test_what_came_nearest_is_exact_to_the_instruments_step() -> None:
    facts = weeks(*STEADY)
    last = told(facts)["s6"]
    assert last.nearest is not None
    case = judge(facts, until=36)[0]
    [form] = [fact for fact in facts if fact.name == "s6/SRS/client" and isinstance(fact, Form)]
    form_moved = Movable(form, REGISTRY)
    steps = round((last.nearest.change.after["total"] - 36) / 0.1)
    reached, almost = form_moved.by(steps), form_moved.by(steps + 1)
    assert reached is not None
    assert almost is not None
    assert is_open(with_total(case, form, reached))
    assert not is_open(with_total(case, form, almost))
    lead = alerts_of(with_total(case, form, reached))[0]["lead"]
    assert lead in last.nearest.rules


def test_a_note_that_strain_held_back_is_said() -> None:
    facts = weeks(36, 36, 36, 36, 36)
    lines = {"bond": 8.0, "goals": 8.2}
    facts += a_session(
        6,
        35.2,
        scores=(
            ("approach", 9.5),
            ("goals", lines["goals"]),
            ("overall", 9.5),
            ("relationship", 8.0),
        ),
    )
    last = told(facts)["s6"]
    assert last.asked == ()
    assert last.noted
    assert last.sentence.startswith("Kept as a note, below the limit of all evidence together: ")


def test_an_alert_that_was_open_is_said_and_where_it_ended() -> None:
    by_session = told(weeks(*DIP, 30, 36), "A1", until=60)
    assert by_session["s7"].sentence == "The alert of 10 Feb was open; nothing new."
    assert by_session["s8"].sentence == "The alert of 10 Feb ended here: repaired (recovered)."
    assert by_session["s7"].nearest is None


def test_an_alert_that_ended_between_two_sessions_ended_before() -> None:
    incident = a_frame_fact("privacy_incident", 15)
    facts = [*weeks(36, 36, 36), incident, *a_session(9, 36)]
    assert told(facts, "I2", until=60)["s9"].sentence == (
        "The alert of 21 Jan ended before: repaired (expired)."
    )


def test_a_session_without_a_form_is_said_to_have_none() -> None:
    assert told([*weeks(36, 36), *a_session(3, None)])["s3"].sentence == (
        "No client form to compare; frame load 0 of 3."
    )


def test_what_no_answer_would_have_changed_is_said() -> None:
    assert told(weeks(36), "B7")["s1"].sentence == (
        "Nothing reached a limit. No answer on this form would have changed that."
    )


def test_sessions_at_the_same_moment_are_judged_together() -> None:
    twice = a_session(6, 24, day=28.0)
    facts = [*weeks(36, 35, 37, 36), *a_session(5, 36), *twice]
    by_session = told(facts)
    assert set(by_session) == {"s1", "s2", "s3", "s4", "s5", "s6"}
    assert by_session["s6"].asked[0] == "A1"
    assert by_session["s5"].asked == ()


# what would change it


def clinic(cases: int, seed: int, folder: Path) -> list[Case]:
    """Return the cases of a simulated clinic, judged to the end."""
    path = folder / "clinic.jsonl"
    path.write_bytes(
        b"".join(msgspec.json.encode(one) + b"\n" for one in simulate(cases, 16, seed))
    )
    reader = Reader(REGISTRY)
    log = CaseLog.read(path, [reader])
    with log.opened() as facts_of:
        return [judge_all(name, facts_of(name, reader), log.until) for name in log]


def judge_all(name: str, facts: list[Fact], until: int) -> Case:
    history = History()
    for fact in facts:
        history.take(fact)
    return Case(name, the_rules(), history, until)


@pytest.mark.timeout(120)
def test_the_smallest_change_does_it_and_no_smaller_one_does(tmp_path: Path) -> None:
    checked: Counter[str] = Counter()
    for whole in clinic(40, 11, tmp_path):
        triggers = [
            finding["trigger"] for alert in alerts_of(whole) for finding in alert["findings"]
        ]
        asked = [one["session_id"] for one in triggers if one["kind"] == "form"]
        case = as_it_stood(whole, asked[0]) if asked else whole
        found = counterfactual(case)
        if found is None or found.change is None or checked[found.goal] >= ENOUGH:
            continue
        checked[found.goal] += 1
        movable = Movable(found.form, REGISTRY)
        was_open = is_open(case)
        assert found.goal == ("clear" if was_open else "raise")
        assert is_open(with_total(case, found.form, found.change.form)) != was_open
        steps = round(abs(found.change.amount) / movable.step)
        for smaller in range(1, steps):
            for way in (-smaller, smaller):
                changed = movable.by(way)
                if changed is not None:
                    assert is_open(with_total(case, found.form, changed)) == was_open
    assert checked == {"clear": ENOUGH, "raise": ENOUGH}


def test_an_open_alert_would_be_cleared_by_a_better_form() -> None:
    found = counterfactual(judge(weeks(*DIP), until=36)[0])
    assert found is not None
    assert found.goal == "clear"
    assert found.change is not None
    assert found.change.amount > 0
    assert found.sentence == (
        "No alert would be open had the last client form (10 Feb) said"
        f" {found.change.after['total']:.1f} instead of 24 ({found.change.amount:.1f} higher)."
    )


def test_a_quiet_case_would_be_asked_about_after_a_worse_form() -> None:
    found = counterfactual(judge(weeks(*STEADY), until=36)[0])
    assert found is not None
    assert found.goal == "raise"
    assert found.rule is not None
    assert found.sentence.startswith(f"An alert would be open, by {found.rule} (")


def test_an_alert_that_rests_on_something_else_is_cleared_by_no_answer() -> None:
    facts = [*weeks(36, 36, 36, 36), a_no_show(5), a_no_show(6)]
    case = judge(facts, until=40, rules=the_rules("J3"))[0]
    facts += [one for one in [a_note("s4", 21.1)] if is_open(case)]
    found = counterfactual(case)
    assert found is not None
    assert found.change is None
    assert found.sentence in {
        "No answers on the last client form (27 Jan) would close the alert.",
        "No answers on the last client form (27 Jan) would raise an alert.",
    }


def test_without_a_client_form_there_is_nothing_to_change() -> None:
    assert counterfactual(judge([a_no_show(1)], until=9)[0]) is None


# as it stood then


def test_a_session_is_explained_as_the_case_stood_after_it() -> None:
    whole = [*weeks(*DIP, 36, 20, 36), a_no_show(12)]
    then = explained(whole, "s6")
    cut = explained(weeks(*DIP))
    assert then.standing == cut.standing
    assert then.counterfactual == cut.counterfactual
    assert [one.session for one in then.sessions] == ["s6"]
    assert {line["session_id"] for line in then.lines} == {"s6"}


def test_an_unknown_case_and_an_unknown_session_are_told_apart() -> None:
    with pytest.raises(UnknownSession):
        explained(weeks(36), "s9")
    with pytest.raises(UnknownCase):
        explain("nobody", [], the_rules())


# on the screen


def an_event_file(folder: Path) -> Path:
    path = folder / "log.jsonl"
    path.write_text("\n".join(json.dumps(event_of(fact)) for fact in weeks(*DIP)), "utf-8")
    return path


@pytest.mark.parametrize("width", [50, 60, 80, 120])
def test_nothing_is_cut_off_at_any_width(tmp_path: Path, width: int) -> None:
    run = CliRunner(env={"COLUMNS": str(width)}).invoke(
        app, ["explain", CASE, "--events", str(an_event_file(tmp_path))]
    )
    assert run.exit_code == 0, run.output
    assert "…" not in run.stdout
    assert max(map(len, run.stdout.splitlines())) <= width
    squeezed = "".join(run.stdout.split())
    assert squeezed.count("Askedabout:A1") == 1
    assert "Noalertwouldbeopenhadthelastclientform" in squeezed


def test_machines_get_the_same_in_json(tmp_path: Path) -> None:
    run = CliRunner().invoke(
        app, ["explain", CASE, "--events", str(an_event_file(tmp_path)), "--json"]
    )
    found = json.loads(run.stdout)
    assert [one["session"] for one in found["sessions"]] == [f"s{n}" for n in range(1, 7)]
    assert found["sessions"][3]["nearest"]["change"]["before"]["total"] == 36
    assert found["counterfactual"]["goal"] == "clear"
    assert found["counterfactual"]["form"] == "s6/SRS/client"
    assert found["standing"]["case"] == CASE


@pytest.mark.parametrize(
    ("arguments", "line"),
    [
        (["nobody"], "no event of this file speaks of that case"),
        ([CASE, "--session", "s9"], "this case has no session of that name"),
    ],
)
def test_what_is_not_there_ends_with_one_line(
    tmp_path: Path,
    arguments: list[str],
    line: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    events = str(an_event_file(tmp_path))
    monkeypatch.setattr("sys.argv", ["rupture-watch", "explain", *arguments, "--events", events])
    with pytest.raises(SystemExit) as ended:
        main()
    assert ended.value.code == 1
    assert capsys.readouterr().err == f"rupture-watch: {line}\n"


def test_the_law_of_then_holds_at_every_session() -> None:
    facts = weeks(36, 35, 28, 36, 37, 30, 36)
    for number in range(1, 8):
        session = f"s{number}"
        then = explained(facts, session).standing
        cut = judge(weeks(*(36, 35, 28, 36, 37, 30, 36)[:number]), until=0)[0]
        cut.pass_time(on((number - 1) * 7))
        assert then == cut.standing()
