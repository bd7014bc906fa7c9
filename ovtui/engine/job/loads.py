"""The highest arrival rate under a latency limit: predicted from service times, verified in turn around it."""

from __future__ import annotations

import math
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import msgspec
import numpy as np

from ovtui.analysis.exploring import answering, queueing
from ovtui.analysis.histogram import LatencyHistogram
from ovtui.analysis.percentiles import PercentileSupport, latency_summary
from ovtui.engine import messages
from ovtui.engine.job.turns import Contestant, Turn
from ovtui.errors import InputError, OvtuiError
from ovtui.records import Estimate, Latency, Load, Result

if TYPE_CHECKING:
    from ovtui.engine.job.exploring import Exploring

_CLOSED_S, _FLOOD_S = 5.0, 2.0
_ARRIVALS, _SHORTEST_S, _LONGEST_S = 600, 2.0, 10.0
_ROUNDS = 3
"""Turns of each rate, in turn with its neighbours: a slow moment of the machine falls on all of them."""


@dataclass
class _Tried:
    """What an arrival rate has shown so far."""

    load: Load
    created: float
    latencies_s: list[np.ndarray] = field(default_factory=list)
    refused: int = 0
    served: int = 0
    seconds: float = 0.0


class Loads:
    """The server half of an exploration."""

    def __init__(self, job: Exploring) -> None:
        self._job = job
        self._tried: list[_Tried] = []

    def work(self) -> None:
        """A closed loop for the service times, the prediction, then rates around it until one keeps and one misses."""
        limits = self._job.study.limits
        if limits.latency_ms is None:
            raise InputError("The highest arrival rate needs a limit to keep: --latency-limit MS.")
        job = self._job
        job.say("loading")
        server = job.load(job.study.model, job.study.spec)
        server.warm()
        job.say("measuring service times")
        services = self._services(server)
        servers = server.ready.effective.requests
        limit_s = limits.latency_ms / 1e3
        predicted = queueing.highest_rate(services, servers, limit_s, limits.percentile, job.study.spec.seed)
        if predicted is None:
            least = float(np.quantile(services, float(limits.percentile[1:]) / 100)) * 1e3
            job.note(
                f"Nothing keeps {limits.percentile} ≤ {limits.latency_ms:g} ms: "
                f"an inference alone takes {least:.3g} ms."
            )
            return
        while (rate := queueing.next_rate(self._loads(), predicted)) is not None:
            fresh = [rate]
            if not self._tried:
                fresh = list(queueing.rates_to_verify(predicted))
            self._verify(server, [self._add(each) for each in fresh], limit_s)
        self._conclude()

    def _services(self, server: Contestant) -> np.ndarray:
        """Seconds that an inference takes while all requests are busy, (n,), what serving an arrival costs included.

        That cost shows when more arrive than can be served: what is served then is the capacity.
        """
        turn = server.turn(_CLOSED_S)
        services: np.ndarray = np.concatenate([(ends - begins)[2:] for begins, ends in turn.lanes]) / 1e9
        if not len(services):
            raise OvtuiError("Not one inference ended in time to learn from.")
        capacity = server.ready.effective.requests / float(services.mean())
        flood = server.turn(_FLOOD_S, order=messages.Turn(rate=1.5 * capacity, seed=self._job.study.spec.seed))
        served = sum(len(ends) for _, ends in flood.lanes) / flood.seconds
        return services * max(1.0, capacity / served) if served else services

    def _add(self, rate: float) -> _Tried:
        tried = _Tried(Load(rate=rate, state="measuring"), time.time())
        self._tried.append(tried)
        return tried

    def _verify(self, server: Contestant, group: list[_Tried], limit_s: float) -> None:
        job = self._job
        for number in range(_ROUNDS):
            for tried in group:
                rate = tried.load.rate
                job.say(f"{rate:.4g} arrivals/s, round {number + 1} of {_ROUNDS}")
                seconds = min(max(_ARRIVALS / rate, _SHORTEST_S), _LONGEST_S)
                order = messages.Turn(rate=rate, seed=job.study.spec.seed + 1000 * len(self._tried) + number)
                self._count(tried, server.turn(seconds, order=order))
                job.watch()
                turns_left = len(group) * (_ROUNDS - number) - group.index(tried) - 1
                self._judge(tried, limit_s, server, seconds * turns_left)

    @staticmethod
    def _count(tried: _Tried, turn: Turn) -> None:
        """Latencies from the scheduled arrival, in order of arrival; who still waits has waited at least so long."""
        begins = np.concatenate([lane for lane, _ in turn.lanes])
        latencies = np.concatenate([ends - begun for begun, ends in turn.lanes])[np.argsort(begins, kind="stable")]
        waited = np.asarray(turn.waited_ns, dtype=np.int64)
        tried.latencies_s.append(np.concatenate([latencies, waited]) / 1e9)
        tried.served += len(latencies)
        tried.seconds += turn.seconds
        tried.refused += turn.refused

    def _judge(self, tried: _Tried, limit_s: float, server: Contestant, left_s: float) -> None:
        latencies_s = np.concatenate(tried.latencies_s)
        if not len(latencies_s):
            return
        share, interval = queueing.missed(latencies_s, limit_s, tried.refused)
        latency = _summary(tried.latencies_s)
        load = msgspec.structs.replace(
            tried.load, state="measured", latency_ms=latency, missed=share, missed_ci95=interval
        )
        kept = queueing.kept(load, self._job.study.limits.percentile)
        result = _result(tried, latency, server)
        run_id = self._job.keep(load.run, server, created=tried.created, rate=load.rate, result=result)
        tried.load = msgspec.structs.replace(load, kept=kept, run=run_id)
        answer = answering.highest_kept(self._loads())
        self._job.tell_loads(self._loads(), answer, left_s)

    def _loads(self) -> tuple[Load, ...]:
        return tuple(sorted((tried.load for tried in self._tried), key=lambda load: load.rate))

    def _conclude(self) -> None:
        loads = self._loads()
        lucky, answer = answering.lucky(loads), answering.highest_kept(loads)
        told = "The answer is below all that missed"
        if answer is None:
            told = (
                f"{answering.none_keeps(loads, 'the limit')}; the lowest, {loads[0].rate:.4g}/s, misses it with "
                f"{(loads[0].missed or 0) * 100:.2g} % of its arrivals"
            )
        if lucky:
            told = (
                f"{lucky[-1].rate:.4g}/s kept the limit, and a lower rate missed it: the machine was disturbed for a "
                f"while. {told}; once more, on a quiet machine, it may be higher"
            )
        if lucky or answer is None:
            self._job.note(f"{told}.")


def _summary(turns: list[np.ndarray]) -> Latency:
    histogram, support = LatencyHistogram(), PercentileSupport()
    for latencies_s in turns:
        nanoseconds = (latencies_s * 1e9).astype(np.int64)
        histogram.add(nanoseconds)
        support.add(nanoseconds)
    return latency_summary(histogram, support)


def _result(tried: _Tried, latency: Latency, server: Contestant) -> Result:
    """As of a run in server mode: its throughput is what arrived and was served, a Poisson count."""
    batch, per_s = server.ready.effective.batch, tried.served / tried.seconds
    half = 1.96 * math.sqrt(tried.served) / tried.seconds
    return Result(
        throughput_fps=Estimate(
            mean=batch * per_s, ci95=(batch * (per_s - half), batch * (per_s + half)), converged=True
        ),
        inferences_per_s=per_s,
        latency_ms=latency,
        inferences=tried.served,
        measured_s=tried.seconds,
        warmup_s=server.warmup_s,
        warmup_steady=True,
        refused=tried.refused,
    )
