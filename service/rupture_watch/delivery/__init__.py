"""Alerts out to other systems: web hooks, FHIR, mail; each has one effect."""
