"""How a local broker fails."""

from rupture_watch.failures import Unavailable


class BrokerFailure(Unavailable):
    """The local broker cannot start or has died; the command prints this line and exits 70."""
