"""Objectives (one file each) and the block optimiser that descends them."""
