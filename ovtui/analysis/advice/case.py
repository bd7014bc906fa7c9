"""What a rule of advice looks at, and what it answers with."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import Any, NamedTuple

import msgspec

from ovtui.analysis.layers import too_short, total_range, total_us
from ovtui.records import Effective, Layer, Profile, Result, Run, RunSummary, Spec


class Advice(NamedTuple):
    """A thing to do. `weight` orders: roughly the share of the time it may save; above 1 what comes before that."""

    key: str  # of the rule, for scripts
    title: str  # short, to stand beside a key
    evidence: str  # a sentence with the figures that speak for it
    gain: str | None = None  # what to expect at most, in a sentence; None where nothing can be promised
    spec: Spec | None = None  # what to measure next
    command: str | None = None  # what to type after `ovtui `, where it is not measuring `spec`
    weight: float = 0.0


class Rest(NamedTuple):
    """What an inference takes of its stream beside its layers."""

    inference_us: float
    layers_us: float
    us: float
    share: float  # of the inference
    least: float  # the same if each layer took the longest that the counters leave open


@dataclass(frozen=True)
class Case:
    """A run that has ended, what was seen of its layers, and what is known beside."""

    run: Run
    profile: Profile | None
    history: tuple[RunSummary, ...]
    capabilities: frozenset[str]

    @property
    def spec(self) -> Spec:
        """As it was asked for."""
        return self.run.spec

    @property
    def result(self) -> Result | None:
        """Of a run that was done or got so far."""
        return self.run.result

    @property
    def effective(self) -> Effective | None:
        """As it was measured."""
        return self.run.effective

    @cached_property
    def total_us(self) -> float | None:
        """The sum of the layers; None without times, and for a sum of zero."""
        return (total_us(self.profile) if self.profile else None) or None

    @cached_property
    def timed(self) -> list[tuple[Layer, float]]:
        """The layers that took time, and how long."""
        return [(layer, layer.time_us) for layer in (self.profile.layers if self.profile else ()) if layer.time_us]

    @cached_property
    def blurred(self) -> bool:
        """Whether layers are too short for their times to be told."""
        return self.profile is not None and too_short(self.profile)

    @cached_property
    def rest(self) -> Rest | None:
        """In a closed loop, where a stream begins its next inference when it has ended one.

        By the run's own pace; but where both are driven in the same way and the pass with counters was quicker, by
        that: then something disturbed the run, and that is no rest. Counters lengthen layers, so that the rest is
        rather more.
        """
        if self.profile is None or self.total_us is None or self.blurred or self.spec.mode == "server":
            return None
        known = []
        if self.result is not None and self.result.inferences_per_s > 0:
            known.append(self.profile.streams * 1e6 / self.result.inferences_per_s)
        alike = self.spec.api == "threads" or not known
        if alike and self.profile.latency_us and self.profile.requests <= self.profile.streams:
            known.append(self.profile.latency_us)
        if not known:
            return None
        inference = min(known)
        rest = inference - self.total_us
        bounds = total_range(self.profile)
        longest = self.total_us if bounds is None else max(self.total_us, bounds[1])
        return Rest(inference, self.total_us, rest, rest / inference, 1 - longest / inference)

    def on_cpu(self) -> bool:
        """Whether the cores do the inference."""
        devices = self.effective.execution_devices if self.effective else ()
        return all(device.startswith("CPU") for device in devices or (self.spec.device,))

    def batchable(self) -> int | None:
        """The batch that was measured, if a larger one can be asked for."""
        if self.effective is None or self.spec.shapes or self.spec.mode == "server":
            return None
        return self.effective.batch if "N" in "".join(self.effective.layouts.values()) else None

    def tried(self, like: Callable[[RunSummary], bool]) -> RunSummary | None:
        """The quickest finished run of this model on this device that is `like` it."""
        rates = [
            (run.throughput_fps.mean, run)
            for run in self.history
            if run.status == "done"
            and run.throughput_fps is not None
            and (run.model, run.device) == (self.run.model.id, self.spec.device)
            and run.id != self.run.id
            and like(run)
        ]
        return max(rates, key=lambda each: each[0])[1] if rates else None

    def other(self, **changes: Any) -> Spec:
        """The spec with some settings changed."""
        return msgspec.structs.replace(self.spec, **changes)


Rule = Callable[[Case], Advice | None]
