"""The read model."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None


def upgrade() -> None:
    """Make the tables."""
    op.create_table(
        "alerts",
        sa.Column("alert_id", sa.String(length=32), nullable=False),
        sa.Column("ref", sa.String(length=64), nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("reason", sa.String(length=24), nullable=False),
        sa.Column("stage", sa.String(length=16), nullable=False),
        sa.Column("listed", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("severity", sa.Integer(), nullable=False),
        sa.Column("lead", sa.String(length=4), nullable=True),
        sa.Column("section", sa.String(length=32), nullable=True),
        sa.Column("headline", sa.Text(), nullable=False),
        sa.Column("since", sa.BigInteger(), nullable=False),
        sa.Column("changed", sa.BigInteger(), nullable=False),
        sa.Column("received", sa.BigInteger(), nullable=False),
        sa.Column("reopened", sa.BigInteger(), server_default=sa.text("0"), nullable=False),
        sa.Column("answered", sa.String(length=20), nullable=True),
        sa.Column("answered_at", sa.BigInteger(), nullable=True),
        sa.Column("reason_code", sa.String(length=24), nullable=True),
        sa.Column("superseded_by", sa.String(length=32), nullable=True),
        sa.Column("data", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("alert_id", name=op.f("pk_alerts")),
    )
    op.create_index("ix_alerts_changed", "alerts", ["changed"], unique=False)
    op.create_index(
        "ix_alerts_list", "alerts", ["listed", "severity", "since", "alert_id"], unique=False
    )
    op.create_index("ix_alerts_received", "alerts", ["received"], unique=False)
    op.create_index("ix_alerts_ref", "alerts", ["ref", "since"], unique=False)
    op.create_table(
        "canaries",
        sa.Column("ref", sa.String(length=64), nullable=False),
        sa.Column("received", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("ref", name=op.f("pk_canaries")),
    )
    op.create_table(
        "cases",
        sa.Column("ref", sa.String(length=64), nullable=False),
        sa.Column("sessions", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("rated_sessions", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("last_seen", sa.BigInteger(), nullable=True),
        sa.Column("next_start", sa.BigInteger(), nullable=True),
        sa.Column("dirty", sa.Boolean(), server_default=sa.false(), nullable=False),
        sa.Column("glance", sa.Text(), nullable=True),
        sa.Column("noted", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("ref", name=op.f("pk_cases")),
    )
    op.create_index(
        "ix_cases_dirty",
        "cases",
        ["ref"],
        unique=False,
        sqlite_where=sa.text("dirty"),
        postgresql_where=sa.text("dirty"),
    )
    op.create_index("ix_cases_next_start", "cases", ["next_start"], unique=False)
    op.create_index("ix_cases_noted", "cases", ["noted", "ref"], unique=False)
    op.create_table(
        "changes",
        sa.Column("alert_id", sa.String(length=32), nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.Column("ref", sa.String(length=64), nullable=False),
        sa.Column("kind", sa.String(length=12), nullable=False),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("reason", sa.String(length=24), nullable=False),
        sa.Column("severity", sa.Integer(), nullable=True),
        sa.Column("headline", sa.Text(), nullable=True),
        sa.Column("time", sa.BigInteger(), nullable=False),
        sa.Column("received", sa.BigInteger(), nullable=False),
        sa.Column("late", sa.Boolean(), server_default=sa.false(), nullable=False),
        sa.PrimaryKeyConstraint("alert_id", "revision", name=op.f("pk_changes")),
    )
    op.create_index("ix_changes_ref", "changes", ["ref"], unique=False)
    op.create_index("ix_changes_time", "changes", ["time"], unique=False)
    op.create_table(
        "dead_letters",
        sa.Column("topic", sa.String(length=200), nullable=False),
        sa.Column("partition", sa.Integer(), nullable=False),
        sa.Column("offset", sa.BigInteger(), nullable=False),
        sa.Column("reason", sa.String(length=32), nullable=False),
        sa.Column("stage", sa.String(length=32), nullable=False),
        sa.Column("message", sa.String(length=300), nullable=False),
        sa.Column("received", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("topic", "partition", "offset", name=op.f("pk_dead_letters")),
    )
    op.create_index("ix_dead_letters_received", "dead_letters", ["received"], unique=False)
    op.create_table(
        "erasures",
        sa.Column("ref", sa.String(length=64), nullable=False),
        sa.Column("time", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("ref", name=op.f("pk_erasures")),
    )
    op.create_table(
        "facts",
        sa.Column("ref", sa.String(length=64), nullable=False),
        sa.Column("kind", sa.String(length=12), nullable=False),
        sa.Column("name", sa.String(length=500), nullable=False),
        sa.Column("type", sa.String(length=64), nullable=False),
        sa.Column("source", sa.String(length=256), nullable=False),
        sa.Column("event_id", sa.String(length=128), nullable=False),
        sa.Column("time", sa.BigInteger(), nullable=False),
        sa.Column("recorded", sa.BigInteger(), nullable=False),
        sa.Column("received", sa.BigInteger(), nullable=False),
        sa.Column("flag", sa.String(length=24), nullable=True),
        sa.Column("session", sa.String(length=64), nullable=True),
        sa.Column("line", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("ref", "kind", "name", name=op.f("pk_facts")),
    )
    op.create_index("ix_facts_kind", "facts", ["kind", "received"], unique=False)
    op.create_index("ix_facts_recorded", "facts", ["recorded"], unique=False)
    op.create_table(
        "positions",
        sa.Column("topic", sa.String(length=200), nullable=False),
        sa.Column("partition", sa.Integer(), nullable=False),
        sa.Column("offset", sa.BigInteger(), nullable=False),
        sa.Column("received", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("topic", "partition", name=op.f("pk_positions")),
    )
    op.create_table(
        "reviews",
        sa.Column("event_id", sa.String(length=128), nullable=False),
        sa.Column("source", sa.String(length=256), nullable=False),
        sa.Column("ref", sa.String(length=64), nullable=False),
        sa.Column("alert_id", sa.String(length=32), nullable=False),
        sa.Column("action", sa.String(length=20), nullable=False),
        sa.Column("reason_code", sa.String(length=24), nullable=True),
        sa.Column("by_role", sa.String(length=12), nullable=True),
        sa.Column("time", sa.BigInteger(), nullable=False),
        sa.Column("received", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("event_id", "source", name=op.f("pk_reviews")),
    )
    op.create_index("ix_reviews_alert_id", "reviews", ["alert_id"], unique=False)
    op.create_index("ix_reviews_ref", "reviews", ["ref"], unique=False)
    op.create_table(
        "sources",
        sa.Column("source", sa.String(length=256), nullable=False),
        sa.Column("type", sa.String(length=64), nullable=False),
        sa.Column("events", sa.BigInteger(), nullable=False),
        sa.Column("time", sa.BigInteger(), nullable=False),
        sa.Column("received", sa.BigInteger(), nullable=False),
        sa.Column("late", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("source", "type", name=op.f("pk_sources")),
    )


def downgrade() -> None:
    """Drop them."""
    for table in (
        "alerts",
        "canaries",
        "cases",
        "changes",
        "dead_letters",
        "erasures",
        "facts",
        "positions",
        "reviews",
        "sources",
    ):
        op.drop_table(table)
