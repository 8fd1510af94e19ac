"""Hearing notes: blocks -> levels on a log-frequency axis -> saliences and onsets of 88 pitches -> notes."""
