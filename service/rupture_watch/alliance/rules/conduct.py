"""What the client did lately, beside what was rated: appointments missed, homework."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from rupture_watch.alliance.course import Course
    from rupture_watch.alliance.facts import Note
    from rupture_watch.alliance.sessions import Outcome


def client_misses(course: Course, count: int) -> list[Outcome]:
    """Return the client's misses among the last ``count`` appointments, oldest first."""
    return [one for one in course.outcomes.until(course.now, count) if one.is_client_miss]


def homework_share(notes: Iterable[Note]) -> float | None:
    """Return the share of assigned homework that was done, or None where none was assigned."""
    assigned = done = 0
    for note in notes:
        if note.homework_assigned and note.homework_done is not None:
            assigned += note.homework_assigned
            done += note.homework_done
    return done / assigned if assigned else None


def stepped_back(course: Course, count: int, little: float) -> bool:
    """Tell whether the client missed, or did at most ``little`` homework, in the last ``count``."""
    if client_misses(course, count):
        return True
    share = homework_share(recent_notes(course, count))
    return share is not None and share <= little


def recent_notes(course: Course, count: int) -> list[Note]:
    """Return the notes of the last ``count`` sessions held, oldest first."""
    return [session.note for session in course.sessions[-count:] if session.note is not None]


def last_tagged(course: Course, count: int, tagged: Callable[[Note], object]) -> list[Note]:
    """Return the newest ``count`` notes that carry the wanted tags, oldest first."""
    found: list[Note] = []
    for note in reversed(course.notes):
        if tagged(note):
            found.append(note)
            if len(found) == count:
                break
    return found[::-1]
