"""The clip's own notes, found, separated and kept as samples, and the player that answers with them."""
