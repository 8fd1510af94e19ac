"""What is measured on: rendered pairs whose truth is known, recordings, and where their sounds come from."""
