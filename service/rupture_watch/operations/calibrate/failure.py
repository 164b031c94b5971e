"""How a calibration fails."""


class TooLittle(LookupError):
    """The log is too small to fit anything; the command line says so and exits 1."""
