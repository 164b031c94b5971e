"""A local Kafka: real wherever there is Java, otherwise librdkafka's in-memory stand-in."""

from rupture_watch.operations.broker.cluster import LocalBroker
from rupture_watch.operations.broker.failure import BrokerFailure

__all__ = ["BrokerFailure", "LocalBroker"]
