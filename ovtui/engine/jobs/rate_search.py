"""The highest arrival rate under a latency limit: the search of `analysis` with a real device."""

from __future__ import annotations

import math
import time
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from ovtui.analysis.exploration import max_rate
from ovtui.analysis.exploration.rate_search import BUDGET_S, Learn, RateSearch, RateTrial, Served, Try
from ovtui.analysis.histogram import LatencyHistogram
from ovtui.analysis.percentiles import PercentileSupport, latency_summary
from ovtui.analysis.turns import counted_from
from ovtui.engine import tasks
from ovtui.engine.job_specs import ExplorationJobSpec
from ovtui.engine.jobs.contestants import Contestant, TurnResult
from ovtui.engine.jobs.context import JobContext
from ovtui.engine.jobs.study import StudyJob
from ovtui.errors import InputError, OvtuiError
from ovtui.records import Estimate, Exploration, Latency, Model, Phase, RatePoint, Result

_FLOOD_S, _FLOOD = 2.0, 1.5  # seconds, and arrivals over what can be served
_CLOSED_S = 5.0  # the longest closed turn: what it gives must fit into the ring


@dataclass
class _Measured:
    """What the job keeps of a rate beside the verdict."""

    created: float = field(default_factory=time.time)
    run: str | None = None
    latencies_s: list[np.ndarray] = field(default_factory=list)
    served: int = 0
    refused: int = 0
    seconds: float = 0.0
    latency: Latency | None = None


class RateSearchJob(StudyJob[Exploration]):
    """One search: service times choose a rate, turns of an open loop refuse or confirm it."""

    def __init__(self, spec: ExplorationJobSpec, context: JobContext) -> None:
        super().__init__(spec.study, context)
        self._budget_s = spec.seconds or BUDGET_S
        self._measured: list[_Measured] = []
        self._scale = 1.0  # of service times: what serving an arrival costs beyond the inference

    @property
    def models(self) -> Sequence[Model]:
        return [self.study.model]

    def work(self) -> None:
        """Do what the search asks for until it has its answer."""
        limits = self.study.limits
        if limits.latency_ms is None:
            raise InputError("The highest arrival rate needs a limit to keep: --latency-limit MS.")
        self.tell_phase(Phase(name="loading"))
        server = self.load(self.study.model, self.study.spec)
        server.warm()
        search = RateSearch(limits.latency_ms / 1e3, limits.percentile, server.ready.effective.requests, self._budget_s)
        begin = time.monotonic()
        while (todo := search.ask(time.monotonic() - begin)) is not None:
            if isinstance(todo, Learn):
                self._learn(search, server, todo.seconds)
            else:
                self._try(search, server, todo)
            self.watch()
        self._conclude(search)

    def _learn(self, search: RateSearch, server: Contestant, seconds: float) -> None:
        """Service times while all requests are busy, what serving an arrival costs included.

        That cost shows when more arrive than can be served: what is served then is the capacity.
        """
        self.tell_phase(Phase(name="service-times"))
        turns = math.ceil(seconds / _CLOSED_S)
        for _ in range(turns):
            turn = server.turn(seconds / turns)
            kept = [
                (begins[first:], ends[first:]) for begins, ends in turn.lanes for first in [counted_from(begins, ends)]
            ]
            by_begin = np.argsort(np.concatenate([begins for begins, _ in kept]), kind="stable")
            services = np.concatenate([ends - begins for begins, ends in kept])[by_begin] / 1e9
            if not len(services):
                raise OvtuiError("Not one inference ended in time to learn from.")
            capacity = server.ready.effective.requests / float(services.mean())
            if self._scale == 1.0:
                order = tasks.Turn(rate=_FLOOD * capacity, seed=self.study.spec.seed)
                flood = server.turn(_FLOOD_S, order=order)
                served = sum(len(ends) for _, ends in flood.lanes) / flood.seconds
                self._scale = max(1.0, capacity / served) if served else 1.0
            search.learned(services * self._scale, turn.seconds, capacity / self._scale)

    def _try(self, search: RateSearch, server: Contestant, todo: Try) -> None:
        if len(self._measured) < len(search.points):
            self._measured.append(_Measured())
            self._tell(search)
        place = len(search.points) - 1
        self.tell_phase(Phase(name="arrivals", rate=todo.rate, round=todo.round + 1, rounds=todo.rounds))
        seed = self.study.spec.seed + 1000 * (place + 1) + todo.round
        turn = server.turn(todo.seconds, order=tasks.Turn(rate=todo.rate, seed=seed))
        outcome = served(turn)
        search.tried(outcome)
        measured = self._measured[place]
        measured.latencies_s.append(search.latest(outcome))
        measured.served += len(outcome.latencies_s)
        measured.refused += turn.refused
        measured.seconds += turn.seconds
        if any(len(each) for each in measured.latencies_s):
            measured.latency = _summary(measured.latencies_s)
            result = _result(measured, search.points[place], measured.latency, server)
            measured.run = self.keep(measured.run, server, created=measured.created, rate=todo.rate, result=result)
        self._tell(search)

    def _tell(self, search: RateSearch) -> None:
        points = zip(search.points, self._measured, strict=True)
        loads = tuple(sorted((_load(*each) for each in points), key=lambda load: load.rate))
        answer = max_rate.highest_kept(loads)
        self._change(
            loads=loads, best=answer.run if answer else None, eta_s=search.seconds_left(), capacity=search.capacity
        )

    def _conclude(self, search: RateSearch) -> None:
        limits = self.study.limits
        if not search.points:
            if search.hopeless:
                self.note(
                    f"Nothing keeps {limits.percentile} ≤ {limits.latency_ms:g} ms: "
                    f"an inference alone takes {search.alone_s * 1e3:.3g} ms."
                )
            else:
                self.note(
                    f"{search.services.count:,} service times are too few to tell a rate that keeps the limit; "
                    f"search longer with -t {2 * self._budget_s:g}."
                )
            return
        for text in max_rate.remarks(
            self.study.loads, limits, bound=search.bound, capacity=search.capacity, seconds=self._budget_s
        ):
            self.note(text)


def served(turn: TurnResult) -> Served:
    """A turn of an open loop: latencies from the scheduled arrival; a service begins when its request is free."""
    scheduled = np.concatenate([begins for begins, _ in turn.lanes])
    latencies = np.concatenate([ends - begins for begins, ends in turn.lanes])
    services = np.concatenate(
        [ends - np.maximum(begins, np.concatenate((begins[:1], ends[:-1]))) for begins, ends in turn.lanes]
    )
    order = np.argsort(scheduled, kind="stable")
    unserved = np.asarray([each for each in turn.unserved_ns if each <= turn.stopped_ns], np.int64)
    origin = min([*scheduled[order[:1]].tolist(), *unserved[:1].tolist()], default=turn.stopped_ns)
    return Served(
        scheduled_s=(scheduled[order] - origin) / 1e9,
        latencies_s=latencies[order] / 1e9,
        services_s=services[order] / 1e9,
        unserved_s=(unserved - origin) / 1e9,
        refused=turn.refused,
        seconds=(turn.stopped_ns - origin) / 1e9,
    )


def _load(point: RateTrial, measured: _Measured) -> RatePoint:
    share, interval = point.missed
    known = any(counted for _, counted in point.counts)
    return RatePoint(
        rate=point.rate,
        state="measured" if known else "measuring",
        run=measured.run,
        latency_ms=measured.latency,
        missed=share if known else None,
        missed_ci95=interval if known else None,
        kept=point.kept,
        expected=point.expected,
        waiting=point.waiting,
        ground=point.ground,
    )


def _summary(turns: list[np.ndarray]) -> Latency:
    histogram, support = LatencyHistogram(), PercentileSupport()
    for latencies_s in turns:
        nanoseconds = (latencies_s * 1e9).astype(np.int64)
        histogram.add(nanoseconds)
        support.add(nanoseconds)
    return latency_summary(histogram, support)


def _result(measured: _Measured, point: RateTrial, latency: Latency, server: Contestant) -> Result:
    """As of a run in server mode: its throughput is what arrived and was served, a Poisson count."""
    batch, per_s = server.ready.effective.batch, measured.served / measured.seconds
    half = 1.96 * math.sqrt(measured.served) / measured.seconds
    return Result(
        throughput_fps=Estimate(
            mean=batch * per_s, ci95=(batch * (per_s - half), batch * (per_s + half)), converged=point.ground is None
        ),
        inferences_per_s=per_s,
        latency_ms=latency,
        inferences=measured.served,
        measured_s=measured.seconds,
        warmup_s=server.warmup_s,
        warmup_steady=True,
        refused=measured.refused,
        waiting=point.waiting,
        backlog_grew=point.ground in ("backlog", "capacity"),
    )
