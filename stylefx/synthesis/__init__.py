"""Complex frames -> samples: overlap-add, delayed dry mix, limiter."""
