"""The clip's own notes: found, told apart and kept as samples in the style file, for the player to answer with."""
