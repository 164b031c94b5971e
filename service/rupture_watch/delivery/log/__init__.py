"""The delivery log: what is to be delivered where, what was tried, and what came of it.

It is durable before an offset is committed, and it alone says what is still to be done.
"""

from rupture_watch.delivery.log.delivery import Delivery, Finished, Report, Turn, Wish
from rupture_watch.delivery.log.opening import open_log
from rupture_watch.delivery.log.store import DeliveryLog

__all__ = ["Delivery", "DeliveryLog", "Finished", "Report", "Turn", "Wish", "open_log"]
