"""What made the shipped weights. `fit` imports nothing of it."""
