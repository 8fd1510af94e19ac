"""How anyone knows whether stylefx is good: ``python -m benchmarks`` rewrites RESULTS.md and DETAILS.md."""

from pathlib import Path

HERE = Path(__file__).parent
ROOT = HERE.parent
# Renderings, styles and results that a later run need not make again; not in the repository.
CACHE = HERE / "cache"
