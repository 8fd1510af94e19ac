"""What is counted and watched while it plays."""
