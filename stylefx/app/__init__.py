"""`stylefx app`: a page on this machine over the same engine."""
