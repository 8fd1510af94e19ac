"""Pretraining of the tracker: pieces whose notes are known, and a network that learns to hear them."""
