"""Sizes of the tracker's network, for training and for playing."""

from __future__ import annotations

HIDDEN, MIX = 40, 8
# Frames between the taps of the trunk's convolutions in time: it remembers 32 frames, 0.37 s.
TRUNK_DILATIONS = (1, 2, 4, 8)
# Whose neighbour a pitch asks after each of them: (how many, how many semitones apart), so octaves and double octaves,
# twelfths, fifths, and semitones.
TRUNK_MIXES = (((5, 12), (3, 1)), ((3, 19), (3, 1)), ((5, 12), (3, 7)), ((3, 19), (3, 1)))
STUDIO_MIX = ((5, 12), (3, 1))
STUDIO_HIDDEN, STUDIO_DILATIONS = 28, (1, 3, 8)
# The live heads answer for the frame so many frames before the newest.
LIVE_DELAYS = (0, 1, 2, 3)
# Outputs: onset logits of every delay, sounding now, cents now / 50, place of the onset in its frame (last delay).
LIVE_OUTPUTS = len(LIVE_DELAYS) + 3
STUDIO_OUTPUTS = 4
