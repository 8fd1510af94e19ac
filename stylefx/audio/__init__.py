"""Audio files, pipes and devices."""
