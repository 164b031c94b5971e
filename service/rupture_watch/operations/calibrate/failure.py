"""How a calibration fails."""

from rupture_watch.failures import Faulty


class TooLittle(Faulty):
    """The log is too small to fit anything; the command line says so and exits 1."""
