"""The clip plays the content's notes: voices in the time domain, and what is left of the content for the filter."""
