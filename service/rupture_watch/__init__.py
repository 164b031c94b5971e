"""Rupture Watch: early, reviewable questions about the working alliance in psychotherapy."""

__version__ = "0.1.0"
