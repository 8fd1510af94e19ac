"""Streaming phase methods that the engine does not play, for the comparison: RTPGHI, RTISI-LA, and their FFT."""
