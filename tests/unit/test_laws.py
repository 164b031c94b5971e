"""The laws of the core: what was told, and what stands, follows from the facts alone."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rupture_watch.alliance import history
from rupture_watch.alliance.assessment import Case
from rupture_watch.alliance.facts import Appointment, Form, Note
from rupture_watch.alliance.standing import instant
from rupture_watch.alliance.timeline import HELD, Timeline, session_key
from rupture_watch.codec.case_state import (
    OutboxEntry,
    PackedFacts,
    decode,
    due_of,
    encode,
    has_outbox,
)
from tests.builders import (
    CASE,
    WEEK,
    a_closure,
    a_no_show,
    canonical,
    judge,
    on,
    the_rules,
    weeks,
)
from tests.histories import stories
from tests.story import Story

if TYPE_CHECKING:
    from hypothesis.strategies import DataObject

    from rupture_watch.alliance.facts import Fact
    from rupture_watch.alliance.telling import AlertEvent

LAW = settings(deadline=None, max_examples=40)
BESIDE_CONTENT = ("revision", "reason", "supersedes")


def in_order(story: Story) -> Case:
    """Return the case as if every fact had come once, in its final version."""
    case = Case(CASE, the_rules())
    for fact in sorted(story.facts, key=lambda fact: fact.time):
        case.take(fact)
    case.pass_time(on(story.end))
    return case


def arrivals(data: DataObject, story: Story) -> list[Fact | float]:
    """Draw an order of arrival: shuffled, some twice, with ticks (days) in between."""
    versions: list[Fact | float] = [*story.versions]
    versions += data.draw(st.lists(st.sampled_from(story.versions), max_size=4))
    ticks = data.draw(st.lists(st.integers(0, int(story.end)), max_size=6))
    order = [*versions, *map(float, ticks)]
    return data.draw(st.permutations(order) | st.just(sorted(order, key=_recorded)))


def _recorded(arrival: Fact | float) -> int:
    return on(arrival) if isinstance(arrival, float) else arrival.recorded


def feed(case: Case, arrival: Fact | float) -> list[AlertEvent]:
    if isinstance(arrival, float):
        return case.pass_time(on(arrival))
    return case.take(arrival)[1]


def standing(case: Case) -> bytes:
    return canonical(case.standing())


class World:
    """What a reader of the alerts knows: the newest revision of each, as the contract says."""

    def __init__(self) -> None:
        self.alerts: dict[str, dict[str, Any]] = {}

    def hear(self, events: list[AlertEvent]) -> None:
        for event in events:
            known = self.alerts.get(event.alert_id)
            assert event.revision == (known["revision"] if known else 0) + 1
            assert (event.change == "raised") == (known is None or known["state"] == "retracted")
            assert event.data["alert_id"] == event.alert_id
            self.alerts[event.alert_id] = event.data

    def contents(self) -> list[dict[str, Any]]:
        """Return the alerts that stand, without what is only of the last change."""
        return [
            {
                **{key: value for key, value in alert.items() if key not in BESIDE_CONTENT},
                "findings": [one for one in alert["findings"] if one["status"] != "withdrawn"],
            }
            for _, alert in sorted(self.alerts.items())
            if alert["state"] != "retracted"
        ]


def told_standing(case: Case) -> list[dict[str, Any]]:
    """Return the alerts of the standing that are news: history is not told."""
    alerts = [
        content
        for content, alert in zip(case.standing()["alerts"], case.course.book.alerts, strict=True)
        if not alert.historic
    ]
    return sorted(alerts, key=lambda alert: str(alert["alert_id"]))


@LAW
@given(stories(), st.data())
def test_any_order_repetition_and_detour_leads_to_the_same_standing(
    story: Story, data: DataObject
) -> None:
    case = Case(CASE, the_rules())
    for arrival in arrivals(data, story):
        feed(case, arrival)
    case.pass_time(on(story.end))

    assert standing(case) == standing(in_order(story))


@LAW
@given(stories(), st.data())
def test_judging_step_by_step_is_judging_anew(story: Story, data: DataObject) -> None:
    case = Case(CASE, the_rules())
    for arrival in arrivals(data, story):
        feed(case, arrival)
        anew = case.again()
        assert standing(case) == standing(anew)
        assert case.next_due == anew.next_due
        assert case.course.strain.value == anew.course.strain.value


@LAW
@given(stories(), st.data())
def test_the_world_is_told_what_stands_and_nothing_else(story: Story, data: DataObject) -> None:
    case, world = Case(CASE, the_rules()), World()
    for arrival in arrivals(data, story):
        world.hear(feed(case, arrival))
        assert world.contents() == told_standing(case)


@LAW
@given(stories(most_sessions=5), st.data())
def test_a_restart_at_any_moment_changes_no_byte(story: Story, data: DataObject) -> None:
    steady = Case(CASE, the_rules())
    restarted = Case(CASE, the_rules())
    for arrival in arrivals(data, story):
        assert feed(steady, arrival) == feed(restarted, arrival)
        facts = PackedFacts(restarted.history.facts.values())
        entry = OutboxEntry(b"value", [("ce_id", b"x")])
        state = encode(restarted, [entry], facts)
        assert state == encode(steady, [entry], PackedFacts(steady.history.facts.values()))
        assert due_of(state) == steady.next_due
        assert has_outbox(state)
        restarted, outbox = decode(CASE, state, the_rules())
        assert outbox == [entry]
        assert standing(restarted) == standing(steady)
        assert restarted.next_due == steady.next_due


@LAW
@given(stories(), st.data())
def test_what_the_bound_forgets_does_not_depend_on_the_order(
    story: Story, data: DataObject
) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(history, "MOST_FACTS", 12)
        case = Case(CASE, the_rules())
        for arrival in arrivals(data, story):
            feed(case, arrival)
            assert standing(case) == standing(case.again())
        case.pass_time(on(story.end))

        assert standing(case) == standing(in_order(story))


@LAW
@given(stories(endings=("erased",), most_sessions=5), st.data())
def test_of_an_erased_case_nothing_is_left_in_any_order(story: Story, data: DataObject) -> None:
    case, world = Case(CASE, the_rules()), World()
    for arrival in arrivals(data, story):
        world.hear(feed(case, arrival))
    erased = any(getattr(one, "ending", "") == "erased" and not one.void for one in story.versions)
    if not erased:
        return
    assert case.erased is not None
    assert not case.history.facts
    assert not case.told
    assert case.standing()["alerts"] == []
    assert {alert["state"] for alert in world.alerts.values()} <= {
        "closed",
        "repaired",
        "retracted",
    }


@LAW
@given(stories(numbering=("none", "all"), weekly=True), st.integers(0, 7))
def test_strain_knows_nothing_of_later_sessions_and_appointments(story: Story, week: int) -> None:
    # Weekly: a form counts as missing after three days, and until then as not yet known.
    end = on(week * WEEK + 0.5)
    timeline = Timeline()
    timeline.rebuild(story.facts)
    earlier = [fact for fact in story.facts if _start(fact, timeline) <= end]
    whole = in_order(story).trace()
    part = in_order(Story(tuple(earlier), story.end)).trace()

    known = {line["fact"] for line in part if line["time"] <= instant(end)}
    assert [_strain(line) for line in part if line["fact"] in known] == [
        _strain(line) for line in whole if line["fact"] in known
    ]


def test_strain_does_not_know_that_the_end_was_planned() -> None:
    ending = a_closure(51)
    whole, _ = judge([*weeks(36.0, 36.0, 37.0, 36.0, 35.0, 20.0, 26.0, 30.0), ending])
    part, _ = judge([*weeks(36.0, 36.0, 37.0, 36.0, 35.0, 20.0, 26.0), ending])

    assert list(map(_strain, part.trace())) == list(map(_strain, whole.trace()))[:-1]


def test_a_form_found_missing_later_does_not_bring_later_appointments_into_its_session() -> None:
    held = weeks(36.0, 36.0, None)
    alone, _ = judge(held, until=30)
    followed, _ = judge([*held, a_no_show(4, day=16)], until=30)

    assert list(map(_strain, alone.trace()))[:2] == list(map(_strain, followed.trace()))[:2]
    judged_again = judge([*held, a_no_show(4, day=16)], until=15)[0]
    assert _strain(followed.trace()[2]) == _strain(judged_again.trace()[2])


def _start(fact: Fact, timeline: Timeline) -> int:
    """Return when the session of a fact began, or what became of an appointment; else 0."""
    if isinstance(fact, Form | Note):
        return timeline.places.get(fact.session_id, fact.time)
    if isinstance(fact, Appointment) and fact.status == HELD:
        return timeline.places.get(session_key(fact), fact.scheduled_start)
    return fact.time if isinstance(fact, Appointment) else 0


def _strain(line: dict[str, Any]) -> tuple[str, float]:
    return line["fact"], line["strain"]
