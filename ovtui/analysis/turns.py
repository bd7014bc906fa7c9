"""What one of several found out that take turns on a machine: blocks of inferences, and all of them together."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from ovtui.analysis.arrays import Ints
from ovtui.analysis.confidence import interval
from ovtui.analysis.histogram import LatencyHistogram
from ovtui.analysis.measurement import BIN_NS, ENOUGH
from ovtui.analysis.percentiles import PercentileSupport, latency_summary
from ovtui.analysis.series import WorkSeries
from ovtui.records import Estimate, Histogram, Result, Series, Stop

DROPPED = 2
"""First inferences of each request in a turn that do not count: caches are still cold."""
_LONGEST_S = 10.0
_COLD_NS = 500_000_000
"""What cold caches cost is nothing to an inference of this length: it counts from the first one on."""


def counted_from(begins: Ints, ends: Ints) -> int:
    """The first inference of a request in a turn that counts; the last one always does."""
    slow = len(ends) and int(ends[0] - begins[0]) >= _COLD_NS
    return 0 if slow else max(min(DROPPED, len(ends) - 1), 0)


class Block(NamedTuple):
    """The inferences of one turn, without the first of each request; int64 ns of the monotonic clock."""

    begins: Ints
    ends: Ints
    rate: float  # inferences per second
    median_ns: float
    whole_ns: tuple[int, int]  # from when on, and until when, every request was at work


def block(lanes: Sequence[tuple[Ints, Ints]]) -> Block | None:
    """From the begins and ends of each request, in order; None when too few inferences ended.

    The rate is the sum of the requests' own, each over its own first begin to last end: whole inferences, so that a
    turn that ends in the middle of one loses nothing.
    """
    begins, ends, rate = [], [], 0.0
    for lane_begins, lane_ends in lanes:
        first = counted_from(lane_begins, lane_ends)
        kept_begins, kept_ends = lane_begins[first:], lane_ends[first:]
        if len(kept_ends):
            rate += len(kept_ends) / max(1, int(kept_ends[-1] - kept_begins[0])) * 1e9
            begins.append(kept_begins)
            ends.append(kept_ends)
    if not ends:
        return None
    whole = max(int(lane[0]) for lane in begins), min(int(lane[-1]) for lane in ends)
    all_begins, all_ends = np.concatenate(begins), np.concatenate(ends)
    order = np.argsort(all_ends, kind="stable")
    all_begins, all_ends = all_begins[order], all_ends[order]
    return Block(all_begins, all_ends, rate, float(np.median(all_ends - all_begins)), whole)


class Tally:
    """All blocks of a contestant, counted together."""

    def __init__(self, batch: int) -> None:
        self._batch = batch
        self._rates: list[float] = []  # inferences per second by bin, or by block where it is shorter than two bins
        self._latencies = LatencyHistogram()
        self._support = PercentileSupport()
        self._measured_s = 0.0
        self._windows: list[tuple[float, float, float, float]] = []  # end, rate, p50, p99 of each block
        self._origin_ns: int | None = None

    def add(self, found: Block) -> None:
        """Count a block."""
        latencies = found.ends - found.begins
        begin, end = int(found.begins.min()), int(found.ends[-1])
        if self._origin_ns is None:
            self._origin_ns = begin
        self._latencies.add(latencies)
        self._support.add(latencies)
        self._rates += _binned(found) or [found.rate]
        self._measured_s += (end - begin) / 1e9
        p50, p99 = np.quantile(latencies, (0.5, 0.99)) / 1e6
        self._windows.append(((end - self._origin_ns) / 1e9, self._batch * found.rate, float(p50), float(p99)))

    @property
    def measured_s(self) -> float:
        """Seconds that count so far."""
        return self._measured_s

    def result(self, stop: Stop, *, warmup_s: float, refused: int = 0) -> Result | None:
        """What came out so far; None without a block. Loading times and memory are for the caller to fill in."""
        if not self._latencies.count:
            return None
        known = interval(np.asarray(self._rates), values=self._latencies.count)
        mean = float(np.mean(self._rates)) if known is None else known.mean
        ci95, converged, n_eff = None, False, None
        if known is not None:
            low, high = known.bounds
            ci95, n_eff = (self._batch * max(0.0, low), self._batch * high), known.n_eff
            converged = known.relative <= stop.ci and known.n_eff >= 3 * ENOUGH
        return Result(
            throughput_fps=Estimate(mean=self._batch * mean, ci95=ci95, converged=converged),
            inferences_per_s=mean,
            latency_ms=latency_summary(self._latencies, self._support),
            inferences=self._latencies.count,
            measured_s=self._measured_s,
            warmup_s=warmup_s,
            warmup_steady=True,
            effective_samples=n_eff,
            refused=refused,
        )

    def histogram(self) -> Histogram:
        """Of all latencies."""
        lower, upper, counts = self._latencies.buckets()
        return Histogram(lower_ns=lower.tolist(), upper_ns=upper.tolist(), counts=counts.tolist())

    def series(self) -> Series:
        """A window for each block: between them others had their turn."""
        count = len(self._windows)
        silent: list[float | None] = [None] * count
        return Series(
            t_s=[end for end, *_ in self._windows],
            warming=[False] * count,
            throughput_fps=[rate for _, rate, _, _ in self._windows],
            p50_ms=[p50 for _, _, p50, _ in self._windows],
            p99_ms=[p99 for *_, p99 in self._windows],
            cpu_percent=silent,
            rss_mb=silent,
            frequency_mhz=silent,
            temperature_c=silent,
            speed=silent,
            disturbed=[False] * count,
        )


def turn_length(latency_s: float, requests: int, *, at_least_s: float, at_most_s: float, inferences: int = 20) -> float:
    """Seconds in which so many inferences end, those that do not count included; within the bounds.

    But not less than each request needs for three of them, up to 10 s: a turn ends with the inferences that are under
    way, so that however slow they are, each request finishes one.
    """
    one = latency_s / requests
    wanted = (inferences + DROPPED * requests) * one
    return max(min(max(wanted, at_least_s), at_most_s), min((DROPPED + 1) * latency_s, _LONGEST_S))


def _binned(found: Block) -> list[float]:
    """Inferences per second in each whole bin; empty when there are fewer than two."""
    begin, end = found.whole_ns
    if end - begin < 2 * BIN_NS:
        return []
    series = WorkSeries(BIN_NS)
    inside = found.ends > begin
    series.add(np.maximum(found.begins[inside] - begin, 0), found.ends[inside] - begin)
    return [float(rate) for rate in series.rates(0, end - begin)]
