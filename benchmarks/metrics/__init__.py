"""Figures of quality: outputs against the truth, notes, and whether a style statistic is valid."""
