"""Magnitudes -> complex frames."""
