"""What is written about a session that was held: forms of both people, symptoms and tags."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, NamedTuple

from rupture_watch.alliance.facts import DAY, HOUR, MINUTE, SECOND, Microseconds
from rupture_watch.operations.simulate.clients import EXTRAS, Client
from rupture_watch.operations.simulate.conduct import tilt
from rupture_watch.operations.simulate.dice import chance
from rupture_watch.operations.simulate.episodes import Moment, State
from rupture_watch.operations.simulate.wire import (
    FEEDBACK_APP,
    NOTED,
    PAPER_DESK,
    RATED,
    RECORD,
    Courier,
)

if TYPE_CHECKING:
    from random import Random

    from rupture_watch.operations.simulate.answers import Answers

LENGTH: Final[Microseconds] = 50 * MINUTE
MISKEYED: Final = 0.03
"""Share of paper forms that are typed in wrongly and corrected days later (default)."""

LOWEST: Final = {"SRS": 0, "GSRS": 0, "WAI-SR": 4}
"""The lowest score that a subscale can have."""

MISFILED: Final = 0.001
"""Share of sessions after which a form of somebody else lands in the case for some days."""

INTERVENTIONS: Final = {
    "empathy": 0.7,
    "validation": 0.5,
    "exploration": 0.6,
    "psychoeducation": 0.25,
    "advice": 0.1,
    "interpretation": 0.2,
    "challenge": 0.2,
}


FORWARD: Final = ("interpretation", "challenge")
ACQUAINTANCE: Final = 3
"""Few therapists interpret or challenge in the first three sessions."""


class Sitting(NamedTuple):
    """One session held: its number from 1, its id, its start, and what it is like."""

    number: int
    session_id: str
    start: Microseconds
    moment: Moment


class Desk:
    """Writes the events of one client's sessions through a courier."""

    def __init__(self, client: Client, courier: Courier, rng: Random, *, tidy: bool) -> None:
        """Open the desk; a ``tidy`` one makes no mistakes that need correction."""
        self._client = client
        self._courier = courier
        self._rng = rng
        self._tidy = tidy
        self._homework = chance(rng, 0.7)
        self._duration = rng.lognormvariate(4.2, 0.4)

    def write(self, sitting: Sitting) -> bool:
        """Write all that is recorded of the session; tell whether the client rated it."""
        client, rng = self._client, self._rng
        conduct = client.conduct(sitting.moment.state)
        answers = client.respondent.client(sitting.number, sitting.moment)
        missing = chance(rng, tilt(client.habits.missing, conduct.missing))
        if not missing:
            self._alliance(sitting, answers, "client")
        if client.feeds.therapist_forms and chance(rng, 0.92):
            self._alliance(sitting, client.respondent.therapist(), "therapist")
        for course, interval in client.symptoms:
            values = course.answer(sitting.number, sitting.moment)
            if (sitting.number - 1) % interval == 0 and chance(rng, 0.94):
                self._form(sitting, course.instrument, "client", values, before=True)
        if client.feeds.tags and chance(rng, 0.9):
            self._note(sitting)
        if not self._tidy and chance(rng, MISFILED):
            self._misfile(sitting)
        return not missing

    def _alliance(self, sitting: Sitting, answers: Answers, respondent: str) -> None:
        client, rng = self._client, self._rng
        detail = client.feeds.detail
        data: dict[str, Any]
        if detail == "total":
            data = {"total": round(sum(answers.scores.values()), 1)}
        elif detail == "items":
            items = answers.items or {
                str(place): score for place, score in enumerate(answers.scores.values(), start=1)
            }
            data = {"items": items}
        else:
            data = {"scores": answers.scores}
        if respondent == "client":
            if client.feeds.extras:
                fall = max(sitting.moment.fall, 0.0)
                extras = {c: _extra(rng, 4.4 - 0.4 * fall) for c in EXTRAS}
                data["items"] = {**data.get("items", {}), **extras}
            if not client.feeds.paper:
                pace = client.conduct(sitting.moment.state).haste * rng.lognormvariate(0, 0.2)
                data["duration_ms"] = round(1000 * self._duration * pace)
        if client.feeds.group:
            data["group_id"] = client.feeds.group
        self._form(sitting, client.instrument, respondent, data, before=False)

    def _form(
        self, sitting: Sitting, instrument: str, respondent: str, values: dict[str, Any], *,
        before: bool,
    ) -> None:  # fmt: skip
        rng = self._rng
        feeds = self._client.feeds
        data: dict[str, Any] = {"session_id": sitting.session_id}
        if feeds.numbered:
            data["session_seq"] = sitting.number
        paper = feeds.paper and respondent == "client"
        data |= {"instrument": instrument, "respondent": respondent, **values}
        data["mode"] = "paper" if paper else "app"
        time = sitting.start + (-5 * MINUTE if before else LENGTH - 2 * MINUTE)
        if respondent == "therapist":
            time += int(rng.uniform(10, 180) * MINUTE)
        if not paper:
            recorded = time + int(rng.expovariate(1 / 20) * SECOND)
            self._courier.write(RATED, FEEDBACK_APP, time, recorded, data)
            return
        recorded = time + HOUR + int(rng.expovariate(1 / 0.9) * DAY)
        recorded = min(recorded, time + 12 * DAY)
        if not self._tidy and chance(rng, MISKEYED) and "total" not in data:
            self._miskey(time, recorded, data)
        else:
            self._courier.write(RATED, PAPER_DESK, time, recorded, data)

    def _miskey(self, time: Microseconds, recorded: Microseconds, data: dict[str, Any]) -> None:
        """Write a form with two values typed far too low, and the right one some days later."""
        part = "scores" if "scores" in data else "items"
        low = LOWEST[data["instrument"]] if part == "scores" else 1
        first, second, *_ = data[part]
        wrong = {**data, part: {**data[part], first: low, second: low}}
        self._courier.write(RATED, PAPER_DESK, time, recorded, wrong)
        later = min(recorded + int(self._rng.uniform(0.2, 3) * DAY), time + 13 * DAY)
        self._courier.write(RATED, PAPER_DESK, time, later, {**data, "status": "amended"})

    def _misfile(self, sitting: Sitting) -> None:
        """Write a stranger's low form into the case, and take it out again some days later."""
        rng = self._rng
        time = sitting.start + LENGTH
        data: dict[str, Any] = {
            "session_id": f"{sitting.session_id}-w",
            "instrument": "SRS",
            "respondent": "client",
            "scores": {
                code: round(rng.uniform(4, 8), 1)
                for code in ("relationship", "goals", "approach", "overall")
            },
            "mode": "paper",
        }
        recorded = time + int(rng.uniform(1, 30) * HOUR)
        self._courier.write(RATED, PAPER_DESK, time, recorded, data)
        later = recorded + int(rng.uniform(0.5, 5) * DAY)
        self._courier.write(RATED, PAPER_DESK, time, later, {**data, "status": "entered-in-error"})

    def _note(self, sitting: Sitting) -> None:
        rng = self._rng
        conduct = self._client.conduct(sitting.moment.state)
        early = sitting.number <= ACQUAINTANCE
        data: dict[str, Any] = {
            "session_id": sitting.session_id,
            "interventions": [
                name
                for name, share in INTERVENTIONS.items()
                if chance(rng, share / 4 if early and name in FORWARD else share)
            ],
            "goal_linked": chance(rng, 0.75),
            "goal_progress": rng.choices((-1, 0, 1, 2), (0.08, 0.4, 0.42, 0.1))[0],
            "alliance_discussed": chance(rng, conduct.talks),
            "therapist_sees_rupture": chance(rng, conduct.sees),
        }
        if self._homework:
            undone = chance(rng, tilt(self._client.habits.undone, conduct.undone))
            assigned = rng.randint(1, 3)
            done = rng.randint(0, assigned // 3) if undone else assigned
            data["homework"] = {"assigned": assigned, "done": done}
        if chance(rng, 0.3):
            asked = rng.choice(("empathy", "empathy", "confrontation"))
            met = chance(rng, 0.6 if sitting.moment.state is State.RUPTURE else 0.9)
            other = "confrontation" if asked == "empathy" else "empathy"
            data |= {"signalled_zone": asked, "offered_zone": asked if met else other}
        time = sitting.start + LENGTH + int(rng.uniform(5, 45) * MINUTE)
        recorded = time + int(rng.expovariate(1 / 8) * HOUR)
        recorded = min(recorded, time + 20 * DAY)
        self._courier.write(NOTED, RECORD, time, recorded, data)


def _extra(rng: Random, mean: float) -> int:
    """Answer one extra single item, 1 to 5, high good."""
    return min(max(round(rng.gauss(mean, 0.35)), 1), 5)
