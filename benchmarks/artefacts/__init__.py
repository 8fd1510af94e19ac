"""A figure for every artefact that a listener would name; each is tried on known-bad sounds in the tests."""
