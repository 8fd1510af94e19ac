"""The filter path's target magnitude of each frame, causal: by the decoder, or by the clip's envelope."""
