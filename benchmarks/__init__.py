"""How anyone knows whether stylefx is good: ``python -m benchmarks`` rewrites RESULTS.md and DETAILS.md."""
