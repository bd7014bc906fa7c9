"""Benchmarks, run by hand: `python -m tests.benchmarks.NAME` prints a table. Nothing here is asserted."""
