"""The tables that no topic can bring back: people, their sessions, notes, decisions on the way."""

from __future__ import annotations

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Index,
    Integer,
    LargeBinary,
    String,
    Table,
    Text,
    true,
)

from rupture_watch.inbox.storage.schema import Serial, metadata

users = Table(
    "users",
    metadata,
    Column("id", Serial, primary_key=True, autoincrement=True),
    Column("login", String(64), nullable=False, unique=True),
    Column("name", String(80), nullable=False),
    Column("role", String(12), nullable=False),
    Column("password", String(256)),
    Column("language", String(8)),
    Column("zone", String(64)),
    Column("active", Boolean, nullable=False, server_default=true()),
    Column("created", BigInteger, nullable=False),
)
"""Who may sign in."""

sessions = Table(
    "sessions",
    metadata,
    Column("digest", String(64), primary_key=True),
    Column("user_id", BigInteger, nullable=False),
    Column("csrf", String(64), nullable=False),
    Column("created", BigInteger, nullable=False),
    Column("seen", BigInteger, nullable=False),
    Index("ix_sessions_user_id", "user_id"),
)

links = Table(
    "links",
    metadata,
    Column("digest", String(64), primary_key=True),
    Column("purpose", String(12), nullable=False),
    Column("user_id", BigInteger),
    Column("expires", BigInteger, nullable=False),
)
"""Links that work once."""

attempts = Table(
    "attempts",
    metadata,
    Column("key", String(64), primary_key=True),
    Column("count", Integer, nullable=False),
    Column("since", BigInteger, nullable=False),
)
"""Failed sign-ins, by a digest of the account or of the address."""

owners = Table(
    "owners",
    metadata,
    Column("ref", String(64), primary_key=True),
    Column("user_id", BigInteger, nullable=False),
    Column("since", BigInteger, nullable=False),
    Index("ix_owners_user_id", "user_id", "ref"),
)
"""Whose case it is, here; no therapist is known on the topics."""

reads = Table(
    "reads",
    metadata,
    Column("user_id", BigInteger, primary_key=True),
    Column("alert_id", String(32), primary_key=True),
    Column("ref", String(64), nullable=False),
    Column("revision", Integer, nullable=False),
    Index("ix_reads_ref", "ref"),
)
"""Which revision of an alert a person has seen."""

notes = Table(
    "notes",
    metadata,
    Column("id", Serial, primary_key=True, autoincrement=True),
    Column("ref", String(64), nullable=False),
    Column("alert_id", String(32)),
    Column("user_id", BigInteger, nullable=False),
    Column("text", Text, nullable=False),
    Column("time", BigInteger, nullable=False),
    Index("ix_notes_ref", "ref"),
)
"""Local notes; they are never sent anywhere."""

outgoing = Table(
    "outgoing",
    metadata,
    Column("event_id", String(128), primary_key=True),
    Column("ref", String(64), nullable=False),
    Column("value", LargeBinary, nullable=False),
    Column("headers", Text, nullable=False),
    Column("user_id", BigInteger),
    Column("created", BigInteger, nullable=False),
    Column("acknowledged", BigInteger),
    Index("ix_outgoing_acknowledged", "acknowledged"),
    Index("ix_outgoing_ref", "ref"),
)
"""Reviews as they are published: durable here before, marked when Kafka has acknowledged them."""

audit = Table(
    "audit",
    metadata,
    Column("seq", BigInteger, primary_key=True, autoincrement=False),
    Column("time", BigInteger, nullable=False),
    Column("actor", String(64), nullable=False),
    Column("action", String(32), nullable=False),
    Column("subject", String(64)),
    Column("salt", String(32)),
    Column("subject_digest", String(64), nullable=False),
    Column("detail", Text, nullable=False),
    Column("previous", String(64), nullable=False),
    Column("digest", String(64), nullable=False),
    Index("ix_audit_subject", "subject"),
)
"""Who saw and did what; each row holds the digest of the one before."""

rulesets = Table(
    "rulesets",
    metadata,
    Column("hash", String(12), primary_key=True),
    Column("name", String(64), nullable=False),
    Column("version", String(32), nullable=False),
    Column("text", Text, nullable=False),
    Column("why", Text, nullable=False),
    Column("user_id", BigInteger, nullable=False),
    Column("published", BigInteger, nullable=False),
)
"""Rule sets that were published from the page."""

backtests = Table(
    "backtests",
    metadata,
    Column("id", String(32), primary_key=True),
    Column("user_id", BigInteger, nullable=False),
    Column("label", String(120), nullable=False),
    Column("text", Text, nullable=False),
    Column("status", String(12), nullable=False),
    Column("result", Text),
    Column("created", BigInteger, nullable=False),
)
"""Changes of rules that were tried on the stored facts."""
