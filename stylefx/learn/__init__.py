"""What `fit` does: a clip becomes a style."""
