"""How well notes are heard: the tracker's profiles and its rivals on music whose notes are known."""
