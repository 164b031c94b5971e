"""The first tables."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

_PENDING = sa.text("state = 'pending'")


def upgrade() -> None:
    """Make the tables."""
    number = sa.BigInteger().with_variant(sa.Integer, "sqlite")
    op.create_table(
        "content",
        sa.Column("alert_id", sa.String(32), nullable=False),
        sa.Column("revision", sa.Integer, nullable=False),
        sa.Column("case_name", sa.String(64), nullable=False),
        sa.Column("type", sa.String(128), nullable=False),
        sa.Column("time", sa.BigInteger, nullable=False),
        sa.Column("body", sa.LargeBinary, nullable=False),
        sa.PrimaryKeyConstraint("alert_id", "revision", name="content_pkey"),
    )
    op.create_table(
        "delivery",
        sa.Column("id", number, nullable=False, autoincrement=True),
        sa.Column("endpoint", sa.String(40), nullable=False),
        sa.Column("alert_id", sa.String(32), nullable=False),
        sa.Column("revision", sa.Integer, nullable=False),
        sa.Column("reference", sa.String(32), nullable=False),
        sa.Column("lane", sa.BigInteger, nullable=False),
        sa.Column("state", sa.String(16), nullable=False),
        sa.Column("step", sa.Integer, nullable=False),
        sa.Column("attempts", sa.Integer, nullable=False),
        sa.Column("last_result", sa.String(16)),
        sa.Column("slot", sa.BigInteger, nullable=False),
        sa.Column("due_at", sa.BigInteger, nullable=False),
        sa.Column("noted_at", sa.BigInteger, nullable=False),
        sa.Column("started_at", sa.BigInteger),
        sa.Column("settled_at", sa.BigInteger),
        sa.PrimaryKeyConstraint("id", name="delivery_pkey"),
        sa.UniqueConstraint(
            "endpoint", "alert_id", "revision", name="delivery_endpoint_alert_id_revision_key"
        ),
    )
    for name, columns in (
        ("delivery_lanes", ["endpoint", "lane", "id"]),
        ("delivery_queue", ["endpoint", "id"]),
    ):
        op.create_index(name, "delivery", columns, sqlite_where=_PENDING, postgresql_where=_PENDING)
    op.create_index("delivery_alerts", "delivery", ["alert_id", "revision"])
    op.create_table(
        "attempt",
        sa.Column("id", number, nullable=False, autoincrement=True),
        sa.Column("delivery_id", sa.BigInteger, nullable=False),
        sa.Column("number", sa.Integer, nullable=False),
        sa.Column("started_at", sa.BigInteger, nullable=False),
        sa.Column("ended_at", sa.BigInteger, nullable=False),
        sa.Column("result", sa.String(16), nullable=False),
        sa.Column("code", sa.Integer),
        sa.PrimaryKeyConstraint("id", name="attempt_pkey"),
        sa.ForeignKeyConstraint(["delivery_id"], ["delivery.id"], name="attempt_delivery_id_fkey"),
    )
    op.create_index("attempt_delivery_id", "attempt", ["delivery_id"])
    op.create_table(
        "endpoint",
        sa.Column("name", sa.String(40), nullable=False),
        sa.Column("disabled_at", sa.BigInteger),
        sa.Column("paused_until", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("name", name="endpoint_pkey"),
    )
    op.create_table(
        "position",
        sa.Column("topic", sa.String(249), nullable=False),
        sa.Column("partition", sa.Integer, nullable=False),
        sa.Column("next_offset", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("topic", "partition", name="position_pkey"),
    )


def downgrade() -> None:
    """Drop the tables."""
    for table in ("position", "endpoint", "attempt", "delivery", "content"):
        op.drop_table(table)
