"""Faust's transport with our consumer, and without its producer."""

from __future__ import annotations

from typing import TYPE_CHECKING

from faust.transport.drivers import aiokafka as stock

from rupture_watch.stream.consumer import LaneConsumer
from rupture_watch.stream.driver import NoProducer

if TYPE_CHECKING:
    from faust.types import AppT

    from rupture_watch.settings import Settings
    from rupture_watch.stream.engine import Engine


class LaneTransport(stock.Transport):
    """What the app makes its consumer with; carries what that needs to know."""

    Consumer = LaneConsumer
    Producer = NoProducer

    def __init__(self, app: AppT, settings: Settings, engine: Engine) -> None:
        super().__init__(app.conf.broker, app)
        self.settings = settings
        self.engine = engine
