"""Files that a stranger made: thousands of mutated styles and recordings, each of which must load or be refused.

A case is a kind and a seed, and the same seed gives the same file. What counts as a finding stands in
`benchmarks.fuzz.judging`; `python -m benchmarks.fuzz` looks for some.
"""
