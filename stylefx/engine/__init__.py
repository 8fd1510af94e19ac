"""The effect itself: one chain of stages for files, streams and live playing. Nothing here imports torch."""
