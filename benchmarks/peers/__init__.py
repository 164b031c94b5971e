"""The peers: what each engine's own documentation would have you write to count events."""
