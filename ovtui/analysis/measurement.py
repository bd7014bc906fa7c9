"""The course of a measurement: warming, measuring, done; what is known so far, and what came out.

A pure machine: inferences come in as arrays, time as a horizon, and the same arrays give the same result however they
are cut. Everything happens in whole bins of 100 ms that lie before the horizon.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Literal, TypeAlias

import numpy as np
from msgspec import structs

from ovtui.analysis.arrays import Floats, Ints
from ovtui.analysis.histogram import LatencyHistogram, Stretch
from ovtui.analysis.percentiles import PercentileSupport, latency_summary
from ovtui.analysis.series import WorkSeries
from ovtui.analysis.slow_noise import Precision, precision
from ovtui.analysis.steady_state import steady_from
from ovtui.records import Estimate, Histogram, Quiet, Record, Result, Stop

BIN_NS = 100_000_000
CHECK_BINS = 5
"""Steadiness is looked at every half second."""
STEADY_S = 5.0
"""Seconds that must have been steady before measuring begins that ends at a confidence, but no more than its shortest
time: they are not counted, but speak about slow noise."""
CAUTION, UNSTEADY_S = 3.0, 0.5
"""Seconds by which the first look is put off, for each second of a warm-up that was not steady, beyond the first half
second."""
LOOKS = 1.5
"""Confidence is looked at after the shortest time, then whenever there is half as much again: each look is a chance to
stop at a moment that only seems quiet."""
ENOUGH = 10
"""Independent values below which a narrow interval may be luck; of inferences, it takes twice as many."""
SLOW_NS = 1_000_000_000
"""An inference of this length is counted as soon as it has ended, not with the whole of its last bin."""
LONG_S = 60.0
"""Seconds of measuring from which on a mean can be known in spite of slow noise."""
FLOOR = 0.0099
"""A rule that stops when an interval is narrow enough picks runs that look calm. What holds of those is the width that
was asked for (Y. S. Chow & H. Robbins, Annals of Mathematical Statistics 36, 1965), at most 1 %, not the narrower one
that they seem to have."""

_SECTIONS = 8  # of an open loop's time, to see whether its latencies keep growing
_INVERSIONS = 20  # Kendall's S of eight values: chance in 1 of 140
_GROWN = 1.5

Phase: TypeAlias = Literal["warming", "measuring", "done"]


class Window(Record, frozen=True):
    """What happened since the window before, and what is known so far."""

    t_s: float  # end of the window, since the first inference
    warming: bool  # as it was known then; what came after `Result.warmup_s` counted in the end
    inferences: int  # that ended in this window
    throughput_fps: float
    p50_ms: float | None  # of the latencies of this window
    p99_ms: float | None
    estimate: Estimate | None = None  # from here on: of everything measured so far
    median_ms: float | None = None
    n_eff: float | None = None
    eta_s: float | None = None  # seconds of measuring still needed; None while there is nothing to judge by
    progress: float = 0.0  # 0 … 1, never falling


class Measurement:
    """One measurement from its first inference on.

    Closed loop (`open_loop` False): a request starts again as soon as it has finished, and the stop rule watches the
    throughput of time bins. Open loop: starts are the *scheduled* arrivals; throughput is then the caller's own choice,
    so the rule watches the mean latency of time bins instead.

    Warming ends when `steady_from` finds steadiness. By time, what came since the bin that it finds counts at once. By
    iterations, the next N count. By confidence what comes then counts, and the steady bins before only speak about slow
    noise, which 8 s show better than 5; few inferences of a slow model count from the first steady one. After a cap
    (10 s; half of the seconds asked for, within 0.5 … 10; 3 s for iterations) it ends all the same and is called not
    steady. Both count from the moment at which every request has finished its first inference: those are never
    measured.
    """

    def __init__(self, stop: Stop, *, batch: int, open_loop: bool) -> None:
        self.phase: Phase = "warming"
        self._stop = stop
        self._batch = batch
        self._open_loop = open_loop

        self._work = WorkSeries(BIN_NS)
        self._waiting = WorkSeries(BIN_NS)  # open loop: the sum of latencies by end
        self._pending_ends = np.empty(0, np.int64)
        self._pending_latencies = np.empty(0, np.int64)
        self._bins = 0  # taken so far
        self._whole = 0  # of them, those whose work is known

        self._first: int | None = None  # the bin after every request's first inference
        self._held: list[Stretch | None] = []  # the bins from there on, while warming
        self._start = 0  # the bin in which measuring begins
        self._steady_bin = 0  # from which on bins speak about the noise
        self._steady = False

        self._latencies = LatencyHistogram()
        self._unfinished = 0  # of those, arrivals that had not been served at the end
        self._support = PercentileSupport()
        self._last_end: int | None = None  # iterations: when the last of them ended
        self._next_look_s = stop.min_seconds
        self._converged = False
        self._known: tuple[int, int, Precision | None] = (-1, -1, None)  # at a bin and count

        self._window_ns = 0  # where the next window begins
        self._window_latencies: list[Ints] = []
        self._progress = 0.0

    def add(self, starts_ns: Ints, ends_ns: Ints, *, horizon_ns: int) -> None:
        """Take finished inferences: int64 ns since the first start, both of shape (n,), in any order.

        Everything that ended before the horizon must be in by now, and in a closed loop everything that started before
        it: the horizon is then the earliest of the requests' last ends, 0 while one has not finished any. A start that
        was before the first one known, of a request slower to finish, is taken as 0: first inferences never count.
        """
        if self.phase == "done":
            return
        starts_ns = np.maximum(starts_ns, 0)
        latencies = ends_ns - starts_ns
        if self._open_loop:
            self._work.add_at(ends_ns)
            self._waiting.add_at(ends_ns, latencies.astype(np.float64))
        else:
            self._work.add(starts_ns, ends_ns)
        ends = np.concatenate((self._pending_ends, ends_ns))
        order = np.argsort(ends, kind="stable")
        ends, latencies = ends[order], np.concatenate((self._pending_latencies, latencies))[order]
        if self._first is None:
            if horizon_ns <= 0 or not len(ends):
                self._pending_ends, self._pending_latencies = ends, latencies
                return
            first_ones = ends[ends - latencies <= ends[0]]
            self._first = -(-int(first_ones[-1]) // BIN_NS)

        self._whole = horizon_ns // BIN_NS
        last = self._whole
        if len(latencies) and latencies[-1] >= SLOW_NS:
            # The bin in which a long inference ended is not filled before the next one ends. That is no reason to wait.
            last = -(-horizon_ns // BIN_NS)
        edges = np.arange(self._bins + 1, last + 1) * BIN_NS
        begin = 0
        for end in np.searchsorted(ends, edges, side="right"):
            phase = self._take(ends[begin:end], latencies[begin:end])
            begin = int(end)
            if phase == "done":
                break
        self._pending_ends, self._pending_latencies = ends[begin:], latencies[begin:]

    def end(self, starts_ns: Ints, ends_ns: Ints, unserved_ns: Ints, *, stopped_ns: int) -> None:
        """Open loop, once, after the last `add`: arrivals whose latency was not known when measuring ended.

        `starts_ns`, `ends_ns`: inferences that ended since; `unserved_ns`: when those arrived whom nobody served before
        `stopped_ns`. The first count with their latency; the others, first come first served, with what they had waited
        and would still have at the rate at which all were served. Leaving them out would make a growing queue look
        quick.
        """
        ends = np.concatenate((self._pending_ends, ends_ns))
        latencies = np.concatenate((self._pending_latencies, ends_ns - np.maximum(starts_ns, 0)))
        over, served = self._end_ns, self._latencies.count
        if self.phase == "warming" or not served:
            return
        late = latencies[(ends > over) & (ends - latencies <= over)]
        waiting = np.sort(unserved_ns[unserved_ns <= over])
        each_ns = (over - self._start_ns) / served
        still = (np.arange(1, len(waiting) + 1) * each_ns).astype(np.int64)
        found = np.concatenate((late, stopped_ns - waiting + still))
        self._latencies.add(found)
        self._support.add(found)
        self._unfinished = len(found)

    @property
    def grows(self) -> bool:
        """Open loop: whether latencies went up all the time, so that the queue had not settled.

        Kendall's rank correlation of the mean latencies of eight sections with time (H. Mann, Econometrica 13, 1945).
        """
        counts, waits = self._measured(self._work), self._measured(self._waiting)
        if not self._open_loop or len(counts) < 2 * _SECTIONS:
            return False
        served, waited = (np.asarray([part.sum() for part in np.array_split(x, _SECTIONS)]) for x in (counts, waits))
        if not served.all():
            return False
        means = waited / served
        rises = int(np.sign(means[None, :] - means[:, None])[np.triu_indices(_SECTIONS, 1)].sum())
        return rises >= _INVERSIONS and bool(means[-2:].mean() >= _GROWN * means[:2].mean())

    def cut_off(self) -> None:
        """Nothing more comes: of a warm-up that had become steady, what was steady counts."""
        if self.phase == "warming" and self._first is not None and self._bins > self._first:
            self._look_for_steadiness(self._first, last=True)

    @property
    def measured_s(self) -> float:
        """Seconds that count so far."""
        return 0.0 if self.phase == "warming" else (self._end_ns - self._start_ns) / 1e9

    def window(self) -> Window | None:
        """What happened since the last call; None if no whole bin has passed (a slow model: nothing is known yet)."""
        # A long run has longer bins; a window is made of those.
        bin_ns = self._work.bin_ns
        first = -(-self._window_ns // bin_ns)
        rates = self._work.rates(first, min(self._bins, self._whole) * BIN_NS)
        if not len(rates):
            return None
        self._window_ns = (first + len(rates)) * bin_ns
        latencies = np.concatenate(self._window_latencies)
        self._window_latencies = []
        p50, p99 = np.quantile(latencies, (0.5, 0.99)) / 1e6 if len(latencies) else (None, None)
        seen = Window(
            t_s=self._window_ns / 1e9,
            warming=self.phase == "warming",
            inferences=len(latencies),
            throughput_fps=self._batch * float(rates.mean()),
            p50_ms=None if p50 is None else float(p50),
            p99_ms=None if p99 is None else float(p99),
        )
        return seen if seen.warming else self._with_outlook(seen)

    def result(self, refused: int = 0) -> Result | None:
        """What came out, or has so far; None if nothing was measured. The caller knows the fields left empty."""
        throughput = self._throughput()
        if throughput is None:
            return None
        watched = self._watched()
        return Result(
            throughput_fps=throughput,
            inferences_per_s=throughput.mean / self._batch,
            latency_ms=latency_summary(self._latencies, self._support),
            inferences=self._latencies.count - self._unfinished,
            measured_s=self.measured_s,
            warmup_s=self._start_ns / 1e9,
            warmup_steady=self._steady,
            effective_samples=watched.n_eff if watched else None,
            refused=refused,
            waiting=self._unfinished,
            backlog_grew=bool(refused) or self.grows or self._stands_long,
        )

    def histogram(self) -> Histogram:
        """The measured latencies."""
        lower, upper, counts = self._latencies.buckets()
        return Histogram(lower_ns=lower.tolist(), upper_ns=upper.tolist(), counts=counts.tolist())

    def quiet(self, disturbed: list[tuple[float, float]]) -> Quiet | None:
        """The measured bins that touch none of the disturbed stretches (from, to: seconds since the first inference).

        A share of 1 if none does; None if nothing was measured, no bin stayed quiet, or no arrival was served in them.
        """
        rates = self._measured(self._work)
        if not len(rates):
            return None
        begin = (-(-self._start_ns // self._work.bin_ns) + np.arange(len(rates))) * self._work.bin_ns / 1e9
        end = begin + self._work.bin_ns / 1e9
        calm = np.ones(len(rates), bool)
        for start_s, end_s in disturbed:
            calm &= (end <= start_s) | (begin >= end_s)
        if not calm.any() or not rates[calm].any():
            return None
        return Quiet(share=float(calm.mean()), throughput_fps=self._batch * float(rates[calm].mean()))

    # One bin after the other

    def _take(self, ends: Ints, latencies: Ints) -> Phase:
        """Take the inferences of the next bin, in order of their end. Returns the phase after it."""
        self._window_latencies.append(latencies)
        first = self._first or 0
        if self.phase == "measuring":
            self._count(ends, latencies)
        elif self._bins >= first:
            self._held.append(Stretch.of(latencies))
        self._bins += 1
        if self._bins > first and (self._bins - first) % CHECK_BINS == 0 and self.phase == "warming":
            self._look_for_steadiness(first)
        if self.phase == "measuring":
            self._look_for_the_end()
        return self.phase

    def _count(self, ends: Ints, latencies: Ints) -> None:
        if self._stop.kind == "iterations":
            wanted = max(self._stop.iterations, 1) - self._latencies.count
            if len(ends) >= wanted:
                latencies = latencies[:wanted]
                self._last_end = int(ends[wanted - 1])
                self.phase = "done"
        self._latencies.add(latencies)
        self._support.add(latencies)

    def _look_for_steadiness(self, first: int, *, last: bool = False) -> None:
        found = steady_from(self._values(first * BIN_NS, min(self._bins, self._whole) * BIN_NS))
        # Stopping at a confidence takes more to go by than the rest; see `slow_noise`.
        steady_s = (self._bins - first - found.index) * BIN_NS / 1e9
        enough = found.steady and (self._stop.kind != "ci" or steady_s >= min(STEADY_S, self._stop.min_seconds))
        if last and not found.steady:
            return
        if not enough and not last and (self._bins - first) * BIN_NS < self._warmup_cap_s * 1e9:
            return
        self._steady = found.steady
        self._start = self._steady_bin = self._bins
        if found.steady:
            self._steady_bin = first + found.index
            few = sum(len(each.index) for each in self._held[found.index :] if each) < 2 * ENOUGH
            if last or self._stop.kind == "seconds" or (self._stop.kind == "ci" and few):
                self._start = self._steady_bin
        # A stretch that is steady after an unsteady one may only be a pause between two disturbances.
        unsteady_s = (self._steady_bin - first) * BIN_NS / 1e9
        self._next_look_s += CAUTION * max(unsteady_s - UNSTEADY_S, 0.0)
        for stretch in self._held[self._start - first :]:
            if stretch:
                self._latencies.add_stretch(stretch)
                self._support.add_stretch(stretch)
        self._held = []
        self.phase = "measuring"

    def _look_for_the_end(self) -> None:
        measured = self.measured_s
        late = measured >= self._stop.seconds and self._latencies.count > 0  # a slow model may finish its one
        if self._stop.kind == "seconds":
            if late:
                self.phase = "done"
        elif self._stop.kind == "ci" and (late or measured >= self._next_look_s - 1e-9):
            self._next_look_s = max(LOOKS * self._next_look_s, BIN_NS / 1e9)
            self._converged = self._is_precise(self._watched())
            if self._converged or late:
                self.phase = "done"

    @property
    def _warmup_cap_s(self) -> float:
        if self._stop.kind == "seconds":
            return min(max(self._stop.seconds / 2, 0.5), 10.0)
        return 3.0 if self._stop.kind == "iterations" else 10.0

    # What is known

    @property
    def _start_ns(self) -> int:
        return self._start * BIN_NS

    @property
    def _end_ns(self) -> int:
        return self._bins * BIN_NS if self._last_end is None else self._last_end

    @property
    def _known_until_ns(self) -> int:
        return min(self._end_ns, self._whole * BIN_NS)

    def _measured(self, series: WorkSeries) -> Floats:
        """Amounts per second of the measured bins."""
        return np.empty(0) if self.phase == "warming" else series.rates_between(self._start_ns, self._known_until_ns)

    def _values(self, start_ns: int, end_ns: int) -> Floats:
        """What the rules watch, by bin: inferences per second, or in an open loop the mean latency (ns)."""
        rates = self._work.rates_between(start_ns, end_ns)
        if not self._open_loop:
            return rates
        some = rates > 0
        return self._waiting.rates_between(start_ns, end_ns)[some] / rates[some]

    def _precision(self, values: Callable[[int, int], Floats]) -> Precision | None:
        before = values(self._steady_bin * BIN_NS, self._known_until_ns)
        counted = len(values(self._start_ns, self._known_until_ns))
        return precision(before, self._work.bin_ns / 1e9, counted=counted, values=self._latencies.count)

    @property
    def _stands_long(self) -> bool:
        """Whether far more waited at the end than a queue that has settled leaves behind."""
        served = self._latencies.count - self._unfinished
        return self._unfinished > max(0.05 * served, 4 * math.sqrt(served))

    def _watched(self) -> Precision | None:
        """What is known of what the rule watches."""
        if self.phase == "warming":
            return None
        bins, count, known = self._known
        if (bins, count) != (self._bins, self._latencies.count):
            known = self._precision(self._values)
            self._known = self._bins, self._latencies.count, known
        return known

    def _is_precise(self, watched: Precision | None) -> bool:
        if self.grows or watched is None or watched.relative > self._stop.ci or watched.n_eff < ENOUGH:
            return False
        if self._latencies.count < 2 * ENOUGH:
            return False
        return self.measured_s >= LONG_S or watched.excludes_slow_noise(self.measured_s, self._stop.ci)

    def _throughput(self) -> Estimate | None:
        if not self._latencies.count:
            return None
        known = self._precision(self._work.rates_between) if self._open_loop else self._watched()
        if known is None:
            # A few iterations: the bin in which the last one ended serves as well, it is complete. Their number over
            # their time would depend on how far the first one was when measuring began.
            rates = self._work.rates(self._start_ns // self._work.bin_ns, min(self._bins, self._whole) * BIN_NS)
            mean = float(rates.mean()) if len(rates) else self._latencies.count / self.measured_s
            return Estimate(mean=self._batch * mean, ci95=None, converged=False)
        half, converged = known.half_width, self._is_precise(self._watched())
        if self._stop.kind == "ci":
            converged = self._converged
            if converged and not self._open_loop:
                half = max(half, min(self._stop.ci, FLOOR) * known.mean)
        return Estimate(
            mean=self._batch * known.mean,
            ci95=(self._batch * max(0.0, known.mean - half), self._batch * (known.mean + half)),  # none is below 0
            converged=converged,
        )

    def _with_outlook(self, seen: Window) -> Window:
        eta = self._eta_s()
        if self.phase == "done":
            self._progress = 1.0
        elif eta is not None:
            self._progress = max(self._progress, self.measured_s / (self.measured_s + eta))
        watched = self._watched()
        return structs.replace(
            seen,
            estimate=self._throughput(),
            median_ms=self._latencies.quantile(0.5) / 1e6 if self._latencies.count else None,
            n_eff=watched.n_eff if watched else None,
            eta_s=eta,
            progress=self._progress,
        )

    def _eta_s(self) -> float | None:
        """Seconds still to measure: an interval narrows with the square root of time, n_eff grows with it.

        While slow noise is not excluded, all that there are.
        """
        measured, stop = self.measured_s, self._stop
        if self.phase == "done":
            return 0.0
        if not measured or (stop.kind == "iterations" and not self._latencies.count):
            return None
        needed = stop.seconds
        if stop.kind == "iterations":
            needed = stop.iterations * measured / self._latencies.count
        elif stop.kind == "ci" and (watched := self._watched()) and watched.excludes_slow_noise(measured, stop.ci):
            wide = (watched.relative / stop.ci) ** 2 if stop.ci else math.inf
            needed = max(measured * max(wide, ENOUGH / watched.n_eff), self._next_look_s)
            needed = min(needed, stop.seconds)
        return max(needed - measured, 0.0)
