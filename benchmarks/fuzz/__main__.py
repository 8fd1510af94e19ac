"""``python -m benchmarks.fuzz``: ten thousand mutated style files and recordings; a finding is told with its seed.

Exit code 1 where something was found.
"""

from __future__ import annotations

import argparse
import sys
from collections import Counter

from benchmarks.fuzz.batches import described, run_cases

PROGRESS_EACH = 50


def parser() -> argparse.ArgumentParser:
    """The options."""
    options = argparse.ArgumentParser(
        prog="python -m benchmarks.fuzz", description=(__doc__ or "").partition("\n")[0]
    )
    options.add_argument("--styles", type=int, default=5000, metavar="N", help="style files (5000)")
    options.add_argument("--audio", type=int, default=5000, metavar="N", help="recordings (5000)")
    options.add_argument("--seed", type=int, default=0, metavar="S", help="of the first case of each (0)")
    return options


def main(arguments: list[str] | None = None) -> int:
    """Run the cases; 1 if anything was found."""
    options = parser().parse_args(arguments)
    found = 0
    for kind, count in (("styles", options.styles), ("audio", options.audio)):
        outcomes: Counter[str] = Counter()
        for seed, outcome, words in run_cases(kind, options.seed, count):
            outcomes[outcome] += 1
            if outcome == "found":
                print(described(kind, seed, words), flush=True)
            done = outcomes.total()
            if done % PROGRESS_EACH == 0 or done == count:
                told = ", ".join(f"{number} {name}" for name, number in sorted(outcomes.items()))
                print(f"\r{kind}: {done} of {count} ({told})", end="", file=sys.stderr, flush=True)
        print(file=sys.stderr)
        found += outcomes["found"]
    return int(found > 0)


if __name__ == "__main__":
    sys.exit(main())
