"""Tawkee beside its rivals: `python -m benchmarks.peers`, or `make bench-peers`; the method: docs/performance.md."""
