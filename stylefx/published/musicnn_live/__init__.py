"""The streaming optimiser on the features of a net trained on music."""
