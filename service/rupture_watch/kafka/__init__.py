"""Kafka for everything but the lane: connection, producer, consumer and admin session."""
