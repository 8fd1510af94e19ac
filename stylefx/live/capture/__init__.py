"""Learning from what is played, while it plays."""
