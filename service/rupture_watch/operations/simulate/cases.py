"""One simulated case from the first booking to its end: what happens, in the order it happens."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from rupture_watch.alliance.facts import DAY, HOUR, SECOND, Microseconds
from rupture_watch.operations.simulate.appointments import Outcome, Reception, Slot, decide
from rupture_watch.operations.simulate.diary import FIRST_HOUR, LAST_HOUR, WEEK, Diary
from rupture_watch.operations.simulate.dice import chance, dice
from rupture_watch.operations.simulate.episodes import Kind, State
from rupture_watch.operations.simulate.framing import Frame
from rupture_watch.operations.simulate.labels import Held, Label
from rupture_watch.operations.simulate.sittings import LENGTH, Desk, Sitting
from rupture_watch.operations.simulate.wire import CLOSED, RECORD, Courier

if TYPE_CHECKING:
    from rupture_watch.operations.simulate.clients import Client

DROPOUT: Final = 0.165
DROPOUT_UNREPAIRED: Final = 0.34
"""19.7 % of clients end treatment early (Swift and Greenberg 2012, 669 studies); the two rates
give that on the whole, with twice as many after an episode that nobody repaired (default)."""

SILENT: Final = 0.3
SILENT_IN_EPISODE: Final = 0.6
"""Share of those who leave early who simply stay away; the others say so beforehand."""

NO_EPISODE: Final = 10**9


class Case:
    """The course of one case; ``run`` writes it through the courier."""

    def __init__(
        self, client: Client, diary: Diary, therapist: int, courier: Courier, *, tidy: bool
    ) -> None:
        """Set the stage; ``therapist`` is whose leave concerns the case."""
        rng = dice(client.case, "course")
        self._client = client
        self._diary = diary
        self._therapist = therapist
        self._courier = courier
        self._rng = rng
        self._reception = Reception(client, courier, rng, tidy=tidy)
        self._desk = Desk(client, courier, rng, tidy=tidy)
        self._frame = Frame(client, courier, rng)
        self._held: list[Held] = []
        self._begins: Microseconds | None = None
        self._strained = False

    def run(self, intake: Microseconds, until: Microseconds) -> Label:
        """Write everything that happens from ``intake`` on; nothing is booked after ``until``."""
        client, rng, diary = self._client, self._rng, self._diary
        leaves_after = self._early_ending()
        weekday, hour = rng.randrange(5), rng.randint(FIRST_HOUR, LAST_HOUR)
        period = 2 * WEEK if client.fortnightly else WEEK
        start = diary.next_slot(intake + 2 * DAY, weekday, hour)
        booked = intake
        while start < until and len(self._held) < min(client.sessions, leaves_after):
            while diary.away(self._therapist, start):
                start += WEEK
            end = self._appointment(self._reception.book(start, booked))
            booked = max(end, start)
            start += period
        self._absences(intake, start)
        ending = None
        if len(self._held) == leaves_after < client.sessions:
            ending = self._leave_early(start, booked, period)
        elif len(self._held) == client.sessions:
            ending = self._end(self._held[-1].start + int(rng.uniform(20, 90) * HOUR))
        return self._label(ending)

    def _early_ending(self) -> int:
        """Draw after how many sessions the client leaves, if at all."""
        client, rng = self._client, self._rng
        episode = client.episode
        lasting = episode.kind is not Kind.NONE and not episode.repaired
        if not chance(rng, DROPOUT_UNREPAIRED if lasting else DROPOUT):
            return NO_EPISODE
        if lasting:
            return min(episode.last + rng.randint(0, 3), client.sessions - 1)
        return rng.randint(2, max(2, client.sessions - 1))

    def _appointment(self, slot: Slot) -> Microseconds:
        """Let one appointment, and its replacements, take their course; return the last end."""
        client, rng = self._client, self._rng
        number = len(self._held) + 1
        episode = client.episode
        if episode.kind is Kind.FRAME and number == episode.onset and self._begins is None:
            return self._break_frame(slot)
        state = self._state(number)
        if state is State.QUIET and self._begins is None:
            self._begins = slot.booked  # staying away is the first that can be seen
        outcome = decide(client, state, rng)
        if slot.start // DAY in self._diary.closures:
            outcome = Outcome.CLOSED
        if outcome is Outcome.ATTENDED:
            return self._session(slot)
        if outcome is Outcome.NO_SHOW:
            self._reception.missed(slot)
            self._frame.outreach(slot.start)
            return slot.start + LENGTH
        notice = self._reception.called_off(slot, outcome)
        if not outcome.moved:
            return slot.start
        moved_at = slot.start - int(notice * HOUR) + HOUR
        replacement = self._diary.workday(slot.start + rng.randint(1, 3) * DAY)
        return self._session(self._reception.book(replacement, moved_at))

    def _state(self, number: int) -> State:
        """Return the state that decides about the appointment before session ``number``."""
        episode = self._client.episode
        coming = episode.at(number).state
        return coming if coming is State.QUIET else episode.at(number - 1).state

    def _session(self, slot: Slot) -> Microseconds:
        """Hold a session and write all that is recorded of it."""
        number = len(self._held) + 1
        moment = self._client.episode.at(number)
        session_id = self._reception.attended(slot, number, moment.state, strained=self._strained)
        self._strained = False
        sitting = Sitting(number, session_id, slot.start, moment)
        if number == self._client.episode.onset and self._begins is None:
            self._begins = slot.start
        self._frame.session(sitting)
        rated = self._desk.write(sitting)
        self._held.append(Held(session_id, slot.start, rated))
        return slot.start + LENGTH

    def _break_frame(self, slot: Slot) -> Microseconds:
        """Break the frame before the onset session: by calling it off late, or otherwise."""
        rng = self._rng
        if chance(rng, 0.5):
            notice = rng.uniform(1.5, 12)
            self._begins = slot.start - int(notice * HOUR)
            self._reception.called_off(slot, Outcome.PROVIDER_CANCEL, notice=notice)
            self._strained = True
            return slot.start
        self._begins = self._frame.breach(slot.start)
        return self._session(slot)

    def _absences(self, first: Microseconds, last: Microseconds) -> None:
        for leave in self._diary.leave(self._therapist):
            if first < leave.announced and leave.starts < last:
                self._frame.leave(leave)

    def _leave_early(self, start: Microseconds, booked: Microseconds, period: Microseconds) -> str:
        rng = self._rng
        state = self._client.episode.at(len(self._held)).state
        if chance(rng, SILENT if state is State.STEADY else SILENT_IN_EPISODE):
            for _ in range(rng.choice((1, 2))):
                slot = self._reception.book(start, booked)
                self._reception.missed(slot)
                self._frame.outreach(start)
                booked, start = start + LENGTH, start + period
        else:
            self._reception.called_off(self._reception.book(start, booked), Outcome.CLIENT_CANCEL)
        return self._end(start + int(rng.uniform(7, 28) * DAY), "unplanned")

    def _end(self, time: Microseconds, ending: str | None = None) -> str:
        rng = self._rng
        if ending is None:
            ending = "transferred" if chance(rng, 0.03) else "planned"
        data: dict[str, Any] = {"ending": ending}
        if ending == "planned":
            data["goals_met"] = chance(rng, 0.65)
        recorded = time + int(rng.expovariate(1 / 10) * HOUR)
        self._courier.write(CLOSED, RECORD, time, min(recorded, time + 30 * DAY), data)
        return ending

    def _label(self, ending: str | None) -> Label:
        episode, client, held = self._client.episode, self._client, self._held
        reached = len(held) >= episode.onset
        return Label(
            case=client.case,
            instrument=client.instrument,
            kind=episode.kind if reached else Kind.NONE,
            aspect=episode.aspect,
            size=episode.size if reached else 0.0,
            onset=episode.onset if reached else None,
            last=episode.last if reached else None,
            jump=episode.jump if reached and (episode.jump or 0) <= len(held) else None,
            begins=_whole_second(self._begins) if reached else None,
            repaired=episode.repaired and reached,
            complete=len(held) >= episode.last + 2,
            ending=ending,
            sessions=tuple(held),
        )


def _whole_second(moment: Microseconds | None) -> Microseconds | None:
    """Return a moment as the events tell it, to the second."""
    return None if moment is None else moment // SECOND * SECOND
