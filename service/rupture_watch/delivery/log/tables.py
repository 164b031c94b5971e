"""The tables of the delivery log. Times are microseconds since the epoch, UTC."""

from __future__ import annotations

from typing import Final

from sqlalchemy import (
    BigInteger,
    Column,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Table,
    UniqueConstraint,
    text,
)

metadata: Final = MetaData(
    naming_convention={
        "ix": "%(table_name)s_%(column_0_N_name)s",
        "uq": "%(table_name)s_%(column_0_N_name)s_key",
        "pk": "%(table_name)s_pkey",
        "fk": "%(table_name)s_%(column_0_N_name)s_fkey",
    }
)
_Id = BigInteger().with_variant(Integer, "sqlite")  # SQLite numbers rows by INTEGER alone

content: Final = Table(
    "content",
    metadata,
    Column("alert_id", String(32), primary_key=True),
    Column("revision", Integer, primary_key=True),
    Column("case_name", String(64), nullable=False),
    Column("type", String(128), nullable=False),
    Column("time", BigInteger, nullable=False),
    Column("body", LargeBinary, nullable=False),
)
"""What an alert said, for as long as somebody is still to hear it."""

delivery: Final = Table(
    "delivery",
    metadata,
    Column("id", _Id, primary_key=True, autoincrement=True),
    Column("endpoint", String(40), nullable=False),
    Column("alert_id", String(32), nullable=False),
    Column("revision", Integer, nullable=False),
    Column("reference", String(32), nullable=False),
    Column("lane", BigInteger, nullable=False),
    Column("state", String(16), nullable=False),
    Column("step", Integer, nullable=False),
    Column("attempts", Integer, nullable=False),
    Column("last_result", String(16)),
    Column("slot", BigInteger, nullable=False),
    Column("due_at", BigInteger, nullable=False),
    Column("noted_at", BigInteger, nullable=False),
    Column("started_at", BigInteger),
    Column("settled_at", BigInteger),
    UniqueConstraint("endpoint", "alert_id", "revision"),
)
"""One effect to be had: a revision of an alert at an endpoint. ``slot``: when it was first due."""

_PENDING = text("state = 'pending'")
Index(
    "delivery_lanes",
    delivery.c.endpoint,
    delivery.c.lane,
    delivery.c.id,
    sqlite_where=_PENDING,
    postgresql_where=_PENDING,
)
Index(
    "delivery_queue",
    delivery.c.endpoint,
    delivery.c.id,
    sqlite_where=_PENDING,
    postgresql_where=_PENDING,
)
Index("delivery_alerts", delivery.c.alert_id, delivery.c.revision)

attempt: Final = Table(
    "attempt",
    metadata,
    Column("id", _Id, primary_key=True, autoincrement=True),
    Column("delivery_id", BigInteger, ForeignKey("delivery.id"), nullable=False, index=True),
    Column("number", Integer, nullable=False),
    Column("started_at", BigInteger, nullable=False),
    Column("ended_at", BigInteger, nullable=False),
    Column("result", String(16), nullable=False),
    Column("code", Integer),
)
"""Every attempt; one that a crash cut short is ``interrupted``."""

endpoint: Final = Table(
    "endpoint",
    metadata,
    Column("name", String(40), primary_key=True),
    Column("disabled_at", BigInteger),
    Column("paused_until", BigInteger, nullable=False),
)
"""What an endpoint itself has said: that it is gone, or wants to be left alone for a while."""

position: Final = Table(
    "position",
    metadata,
    Column("topic", String(249), primary_key=True),
    Column("partition", Integer, primary_key=True),
    Column("next_offset", BigInteger, nullable=False),
)
"""How far the alerts topic is in this log, written together with what was read."""
