"""Magnitudes -> complex frames; the numba loops live in a module of their own."""
