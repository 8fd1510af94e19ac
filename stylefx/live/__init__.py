"""Playing through it: session, worker, meters."""
