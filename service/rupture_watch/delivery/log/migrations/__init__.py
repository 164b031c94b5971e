"""Migrations of the delivery log; a released one is never changed."""
