"""Between target magnitude and phase: loudness, blend of styles, freeze, noise floor."""
