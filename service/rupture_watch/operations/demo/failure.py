"""How a demo fails."""

from rupture_watch.failures import Unavailable


class DemoFailure(Unavailable):
    """A part of the demo ended by itself, or work was left over at the end; exit code 70.

    The first line says what happened; further lines are the last that the part logged.
    """
