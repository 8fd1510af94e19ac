"""Methods that others published, offline, for comparison. The engine imports nothing of it but by name."""
