"""Measurements against raw engines and peers: one module a benchmark, `make bench-NAME` runs it."""
