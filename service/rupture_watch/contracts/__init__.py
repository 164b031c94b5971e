"""The event contract: models of the wire, reading, writing, and the published schemas."""
