"""Files, formats, devices, and the pictures of both. Nothing here computes sound."""
