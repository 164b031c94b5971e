"""Alembic migrations of the inbox."""
