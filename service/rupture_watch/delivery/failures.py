"""How a delivering process or its commands may end, apart from what Kafka does."""


class LogUnavailable(Exception):
    """The database of the log does not answer or cannot be written; ends the process with 70."""


class Misconfigured(Exception):
    """A secret, key or template cannot be used; the line says of which endpoint. Exit code 78."""
