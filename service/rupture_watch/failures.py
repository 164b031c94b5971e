"""How a process or a command may end short of its aim: each kind with its exit code.

Rooms raise their own kinds below one of these three, so that nobody has to list them all.
"""

from __future__ import annotations

from typing import ClassVar, Final

FAULTY: Final = 1
UNAVAILABLE: Final = 70
MISCONFIGURED: Final = 78


class Failure(Exception):
    """An end that was foreseen; its text is the line to print, without any value or identifier."""

    exit_code: ClassVar[int]


class Faulty(Failure):
    """The data that were given do not serve; exit code 1."""

    exit_code = FAULTY


class Unavailable(Failure):
    """A part that is needed does not answer, or died: start again; exit code 70."""

    exit_code = UNAVAILABLE


class Misconfigured(Failure):
    """Something is set up wrongly: change it first; exit code 78."""

    exit_code = MISCONFIGURED
