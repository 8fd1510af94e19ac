"""The warm start: each frame of the content answered by the decoder with a first target magnitude, causally."""
