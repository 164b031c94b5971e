"""How a delivering process or its commands may end, apart from what Kafka does."""

from rupture_watch.failures import Unavailable


class LogUnavailable(Unavailable):
    """The database of the log does not answer or cannot be written; ends the process with 70."""
