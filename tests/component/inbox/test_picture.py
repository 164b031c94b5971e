"""A chart's numbers are the engine's own."""

from __future__ import annotations

from rupture_watch.contracts.reading import read_line
from rupture_watch.inbox.cases.folding import Stored
from rupture_watch.inbox.cases.glance import glance
from rupture_watch.inbox.cases.picture import picture
from rupture_watch.operations.replay import Replay
from rupture_watch.rulesets import load_catalogue
from tests.inbox_records import told


def test_every_rating_has_the_level_and_z_by_which_the_engine_judged_it() -> None:
    catalogue = load_catalogue()
    for story in ("falling-bond", "sudden-compliance", "frame-violation", "late-correction"):
        lines = told(story)
        run = Replay(catalogue)
        for line in lines:
            list(run.feed(line))
        list(run.finish())
        trace = {
            (one["fact"], one["series"]): one
            for one in run.shard.case(f"case-{story}".encode()).trace()
            if one["series"] is not None
        }
        clock = max(read_line(line).fact.recorded for line in lines)
        drawn = picture(Stored.read(f"case-{story}", lines, clock, catalogue), catalogue)
        seen = 0
        for series in drawn["series"]:
            if series["code"] != "total":
                continue
            name = f"{series['instrument']}/{series['respondent']}/total"
            for point in series["points"]:
                fact = f"{point['session']}/{series['instrument']}/{series['respondent']}"
                judged = trace[fact, name]
                assert point["value"] == round(judged["value"], 2)
                if point["z"] is not None:
                    assert point["z"] == round(judged["z"], 2)
                    seen += 1
        assert seen > 5


def test_frame_load_rises_at_a_break_and_decays_after_it() -> None:
    catalogue = load_catalogue()
    lines = told("frame-violation")
    clock = max(read_line(line).fact.recorded for line in lines)
    drawn = picture(Stored.read("case-frame-violation", lines, clock, catalogue), catalogue)
    first = drawn["breaks"][0]
    loads = {round(time): load for time, load in drawn["load"]}
    assert loads[first["time"]] >= first["weight"]
    times = [time for time, _ in drawn["load"]]
    assert times == sorted(times)
    after_last = [load for time, load in drawn["load"] if time > drawn["breaks"][-1]["time"]]
    assert after_last == sorted(after_last, reverse=True)
    assert len(after_last) > 3


def test_a_glance_shows_the_last_twelve_ratings_and_appointments() -> None:
    catalogue = load_catalogue()
    lines = told("falling-bond")
    clock = max(read_line(line).fact.recorded for line in lines)
    seen = glance(Stored.read("case-falling-bond", lines, clock, catalogue), catalogue)
    assert len(seen["spark"]["points"]) == 12
    assert len(seen["strip"]) == 12
    assert {one[1] for one in seen["strip"]} == {"attended"}
    assert glance(Stored.read("nobody", [], 0, catalogue), catalogue) == {
        "spark": None,
        "strip": [],
        "notes": [],
    }
