"""Blocks of any size -> hops of windowed frames -> spectra -> features on a log-frequency axis."""
