"""The optional stage of the stream that descends the style's Gram loss (torch)."""
