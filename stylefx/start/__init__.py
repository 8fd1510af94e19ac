"""Where the optimiser starts from: a first guess of the target magnitude, causal, frame by frame."""
