"""``rupture-watch tail``: alerts as they are published, in plain sentences."""

from rupture_watch.operations.tail.following import alerts
from rupture_watch.operations.tail.published import PublishedAlert, read_alert, structured
from rupture_watch.operations.tail.sentences import BANNER, block

__all__ = ["BANNER", "PublishedAlert", "alerts", "block", "read_alert", "structured"]
