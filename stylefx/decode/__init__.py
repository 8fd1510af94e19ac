"""The warm start: a first guess of each frame's target magnitude, causal: by the decoder, or by the clip's envelope."""
