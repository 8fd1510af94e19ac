"""What the musician sees in a terminal."""
