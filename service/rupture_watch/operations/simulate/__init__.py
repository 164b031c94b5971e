"""A simulated clinic: seeded, reproducible bit for bit, with the truth kept apart."""

from rupture_watch.operations.simulate.clinic import Clinic, simulate
from rupture_watch.operations.simulate.labels import Held, Label

__all__ = ["Clinic", "Held", "Label", "simulate"]
