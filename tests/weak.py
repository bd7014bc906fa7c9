"""Latencies of which some percentiles are weak."""

from __future__ import annotations

from ovtui.records import Latency

WEAK = Latency(
    mean=10.0, min=8.0, p50=10.0, p90=12.0, p95=13.0, p99=15.0, p99_9=None, max=16.0,
    ci95={"p50": (9.5, 10.5), "p90": (11.0, 13.5), "p95": (11.5, 16.0), "p99": (12.5, None)},
    needs={"p95": 200, "p99": 1_900, "p99_9": 19_900},
    weak={"p95": True, "p99": True},
)  # fmt: skip
"""p50 and p90 well known, p95 weak, p99 weak without an upper end, p99.9 not measured."""
