"""The topics, followed into the read model."""
