"""Tawkee's figures, measured on a whole installation: `python -m benchmarks`, or `make bench`; the method is in
docs/performance.md."""
