"""Complex frames -> samples: overlap-add, limiter, mix with the dry signal."""
