"""How a demo fails."""


class DemoFailure(Exception):
    """A part of the demo ended by itself, or work was left over at the end; exit code 70.

    The first line says what happened; further lines are the last that the part logged.
    """
