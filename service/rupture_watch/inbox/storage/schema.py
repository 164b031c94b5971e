"""The tables of the inbox: what is read off the topics, and what only people here know.

Times are integers: microseconds since the epoch, UTC (as everywhere in the service), but
``received``, which is the broker's clock in milliseconds. Everything in ``READ_MODEL`` can be made
again from the topics; the other tables cannot.
"""

from __future__ import annotations

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Table,
    Text,
    false,
    text,
)

metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_name)s",
        "uq": "uq_%(table_name)s_%(column_0_name)s",
        "pk": "pk_%(table_name)s",
    }
)

# Autoincrement on SQLite wants exactly INTEGER.
Serial = BigInteger().with_variant(Integer, "sqlite")

positions = Table(
    "positions",
    metadata,
    Column("topic", String(200), primary_key=True),
    Column("partition", Integer, primary_key=True),
    Column("offset", BigInteger, nullable=False),
    Column("received", BigInteger, nullable=False),
)
"""What to read next of every partition; stored with the rows that came of it."""

alerts = Table(
    "alerts",
    metadata,
    Column("alert_id", String(32), primary_key=True),
    Column("ref", String(64), nullable=False),
    Column("revision", Integer, nullable=False),
    Column("state", String(16), nullable=False),
    Column("reason", String(24), nullable=False),
    Column("stage", String(16), nullable=False),
    Column("listed", Integer, nullable=False, server_default=text("0")),
    Column("severity", Integer, nullable=False),
    Column("lead", String(4)),
    Column("section", String(32)),
    Column("headline", Text, nullable=False),
    Column("since", BigInteger, nullable=False),
    Column("changed", BigInteger, nullable=False),
    Column("received", BigInteger, nullable=False),
    Column("reopened", BigInteger, nullable=False, server_default=text("0")),
    Column("answered", String(20)),
    Column("answered_at", BigInteger),
    Column("reason_code", String(24)),
    Column("superseded_by", String(32)),
    Column("data", Text, nullable=False),
    Index("ix_alerts_list", "listed", "severity", "since", "alert_id"),
    Index("ix_alerts_ref", "ref", "since"),
    Index("ix_alerts_changed", "changed"),
    Index("ix_alerts_received", "received"),
)
"""One row per alert: its newest revision, in ``stage`` where people are with it, and in ``listed``
the part of the inbox that shows it (0: none)."""

changes = Table(
    "changes",
    metadata,
    Column("alert_id", String(32), primary_key=True),
    Column("revision", Integer, primary_key=True),
    Column("ref", String(64), nullable=False),
    Column("kind", String(12), nullable=False),
    Column("state", String(16), nullable=False),
    Column("reason", String(24), nullable=False),
    Column("severity", Integer),
    Column("headline", Text),
    Column("time", BigInteger, nullable=False),
    Column("received", BigInteger, nullable=False),
    Column("late", Boolean, nullable=False, server_default=false()),
    Index("ix_changes_ref", "ref"),
    Index("ix_changes_time", "time"),
)
"""The life of every alert, a row per revision."""

reviews = Table(
    "reviews",
    metadata,
    Column("event_id", String(128), primary_key=True),
    Column("source", String(256), primary_key=True),
    Column("ref", String(64), nullable=False),
    Column("alert_id", String(32), nullable=False),
    Column("action", String(20), nullable=False),
    Column("reason_code", String(24)),
    Column("by_role", String(12)),
    Column("time", BigInteger, nullable=False),
    Column("received", BigInteger, nullable=False),
    Index("ix_reviews_alert_id", "alert_id"),
    Index("ix_reviews_ref", "ref"),
)
"""What clinicians did with alerts, here or anywhere else. No person is named."""

cases = Table(
    "cases",
    metadata,
    Column("ref", String(64), primary_key=True),
    Column("sessions", Integer, nullable=False, server_default=text("0")),
    Column("rated_sessions", Integer, nullable=False, server_default=text("0")),
    Column("last_seen", BigInteger),
    Column("next_start", BigInteger),
    Column("dirty", Boolean, nullable=False, server_default=false()),
    Column("glance", Text),
    Column("noted", BigInteger),
    Index("ix_cases_dirty", "ref", sqlite_where=text("dirty"), postgresql_where=text("dirty")),
    Index("ix_cases_next_start", "next_start"),
    Index("ix_cases_noted", "noted", "ref"),
)
"""One row per case; ``glance`` is its small picture and notes, ``dirty`` that it is out of date,
``noted`` when something was noted last that is no alert."""

facts = Table(
    "facts",
    metadata,
    Column("ref", String(64), primary_key=True),
    Column("kind", String(12), primary_key=True),
    Column("name", String(500), primary_key=True),
    Column("type", String(64), nullable=False),
    Column("source", String(256), nullable=False),
    Column("event_id", String(128), nullable=False),
    Column("time", BigInteger, nullable=False),
    Column("recorded", BigInteger, nullable=False),
    Column("received", BigInteger, nullable=False),
    Column("flag", String(24)),
    Column("session", String(64)),
    Column("line", LargeBinary, nullable=False),
    Index("ix_facts_recorded", "recorded"),
    Index("ix_facts_kind", "kind", "received"),
)
"""Every fact in its winning version, as the event it came in; ``flag`` is what health counts."""

sources = Table(
    "sources",
    metadata,
    Column("source", String(256), primary_key=True),
    Column("type", String(64), primary_key=True),
    Column("events", BigInteger, nullable=False),
    Column("time", BigInteger, nullable=False),
    Column("received", BigInteger, nullable=False),
    Column("late", BigInteger, nullable=False),
)
"""What each sender has sent: how many events, how many of them late, and the last."""

dead_letters = Table(
    "dead_letters",
    metadata,
    Column("topic", String(200), primary_key=True),
    Column("partition", Integer, primary_key=True),
    Column("offset", BigInteger, primary_key=True),
    Column("reason", String(32), nullable=False),
    Column("stage", String(32), nullable=False),
    Column("message", String(300), nullable=False),
    Column("received", BigInteger, nullable=False),
    Index("ix_dead_letters_received", "received"),
)
"""Refused events: reason, field paths and kinds of errors, never a value."""

erasures = Table(
    "erasures",
    metadata,
    Column("ref", String(64), primary_key=True),
    Column("time", BigInteger, nullable=False),
)
"""Erased cases, as long as events of theirs may still come."""

canaries = Table(
    "canaries",
    metadata,
    Column("ref", String(64), primary_key=True),
    Column("received", BigInteger, nullable=False),
)
"""When something came out of the service for a synthetic case."""

READ_MODEL = (
    positions, alerts, changes, reviews, cases, facts, sources, dead_letters, erasures, canaries,
)  # fmt: skip
