"""How a local broker fails."""


class BrokerFailure(Exception):
    """The local broker cannot start or has died; the command prints this line and exits 70."""
