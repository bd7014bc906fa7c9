"""Comparisons that are made up: two profiles that differ, and a job that compares, whose events the test writes."""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import Any

import msgspec

from ovtui.analysis.comparison.paired import duel
from ovtui.engine import events, liveness
from ovtui.engine.folder import EventWriter, JobFolder
from ovtui.engine.job_specs import ComparisonJobSpec
from ovtui.records import Candidate, Comparison, Estimate, Job, Latency, Layer, Model, Phase, Profile, Run, Spec
from ovtui.store import Store
from tests import profiled
from tests.store.samples import NOW, a_model, a_result, an_environment

INT8 = a_model("mixnet0002", name="mixnet-int8", family="mixnet0001", parent="mixnet0001", bytes=27_000_000)

FASTER = (1.041, 1.029, 1.035, 1.026, 1.032, 1.038)
DOUBTFUL = (1.031, 0.982, 1.044, 1.002)
FIRM = (1.81, 1.85, 1.84, 1.82)


def quantized() -> Profile:
    """Mixnet with its first block quantized too: most of it quicker, a head that is slower, a layer of its own."""
    profile = profiled.mixnet()
    layers = [_quantized(layer) for layer in profile.layers]
    return msgspec.structs.replace(profile, layers=tuple(layers))


def _quantized(layer: Layer) -> Layer:
    if layer.time_us is None:
        return layer
    if layer.name.startswith("Mixed_0") and layer.type == "Convolution":
        return msgspec.structs.replace(
            layer, time_us=layer.time_us * 0.31, precision="i8", kernel="brgconv_avx512_vnni_i8"
        )
    if layer.name == "head/CumSum":  # another operation stands in its place
        return msgspec.structs.replace(layer, name="head/Scan", type="Loop", original=("head/Scan",), time_us=301.0)
    return msgspec.structs.replace(layer, time_us=layer.time_us * (1.02 if layer.name.startswith("head") else 0.99))


def result(fps: float) -> Any:
    made = a_result(fps)
    latency = Latency(
        mean=1000 / fps, min=900 / fps, p50=990 / fps, p90=1100 / fps, p95=1200 / fps, p99=1400 / fps, p99_9=None,
        max=2000 / fps, ci95={"p50": (985 / fps, 995 / fps), "p90": (1090 / fps, 1115 / fps)}, needs={"p99_9": 9_000},
    )  # fmt: skip
    return msgspec.structs.replace(
        made, latency_ms=latency, throughput_fps=Estimate(mean=fps, ci95=(fps * 0.994, fps * 1.006), converged=True),
        compile_ms=312.0, first_inference_ms=9.1, read_ms=41.0, peak_rss_mb=220.0, cpu_percent=197.0,
    )  # fmt: skip


def two_runs(store: Store, *, profiles: bool = True, ratio: float = 1.83, other: Model = INT8) -> tuple[Run, Run]:
    """A run of mixnet and a later one of its version, B so many times as fast."""
    a = profiled.add(
        store, profiled.mixnet() if profiles else None, "run000000a", result=result(190.0), label="float"
    )  # fmt: skip
    b = profiled.add(
        store, quantized() if profiles else None, "run000000b", model=other, created=NOW + 3600,
        result=result(190.0 * ratio),
    )  # fmt: skip
    return a, b


def a_study(
    ratios: Sequence[float] = FASTER, *, study_id: str = "study00001",
    models: Sequence[Model] = (profiled.MIXNET, INT8), runs: Sequence[str | None] = (None, None), status: Any = "done",
    **other: Any,
) -> Comparison:  # fmt: skip
    """What was found out after these instances, of each side against the first."""
    found = duel(ratios, seconds_per_instance=6.0)
    sides = tuple(
        Candidate(model=model, spec=Spec(model=model.id, mode="throughput"), run=run)
        for model, run in zip(models, runs, strict=False)
    )
    plain = Comparison(
        id=study_id, status=status, label=None, criterion="throughput", sides=sides, created=NOW + 7200,
        duels=(found,) * (len(sides) - 1) if ratios else (), pairs=24 * len(ratios), elapsed_s=6.5 * len(ratios),
        environment=an_environment(),
    )  # fmt: skip
    return msgspec.structs.replace(plain, **other)


def keep(store: Store, study: Comparison) -> Comparison:
    """As its job leaves it."""
    for side in study.sides:
        store.models.save(side.model)
    begun = msgspec.structs.replace(study, status="queued", duels=())
    store.studies.create(begun, _job(study, "queued"))
    store.studies.save(msgspec.structs.replace(study, finished=study.created + study.elapsed_s))
    return study


def _job(study: Comparison, status: Any, **other: Any) -> Job:
    return Job(
        id=study.id, kind="comparison", status=status, folder=f"/jobs/{study.id}", created=study.created,
        model=study.sides[0].model.id, **other,
    )  # fmt: skip


class ComparisonJob:
    """A comparison that goes on, whose process is this one."""

    def __init__(self, store: Store, study_id: str = "study00001", **other: Any) -> None:
        self._store = store
        self.study = a_study((), study_id=study_id, status="queued", **other)
        for side in self.study.sides:
            store.models.save(side.model)
        pid = os.getpid()
        store.studies.create(self.study, _job(self.study, "queued", pid=pid, pid_started=liveness.started(pid)))
        order = ComparisonJobSpec(id=study_id, study=self.study)
        self._writer = EventWriter(JobFolder.create(order))

    def tell(self, event: events.AnyEvent) -> None:
        self._writer.write(event)

    def start(self) -> None:
        self.tell(events.Started(pid=os.getpid(), environment=an_environment()))
        self._change(msgspec.structs.replace(self.study, status="running"))
        self.tell(events.PhaseBegan(phase=Phase(name="loading", instance=1)))

    def measure(self, ratios: Sequence[float], eta_s: float | None = 41.0) -> None:
        """What is known after these instances."""
        found = duel(ratios, seconds_per_instance=6.5)
        self._change(
            msgspec.structs.replace(
                self.study, duels=(found,) * (len(self.study.sides) - 1), pairs=24 * len(ratios), eta_s=eta_s,
                elapsed_s=6.5 * len(ratios),
            )
        )  # fmt: skip
        self.tell(events.PhaseBegan(phase=Phase(name="measuring", instance=len(ratios) + 1)))

    def end(self, status: Any = "done", runs: Sequence[str | None] = (None, None)) -> None:
        sides = tuple(msgspec.structs.replace(side, run=run) for side, run in zip(self.study.sides, runs, strict=False))
        self._change(msgspec.structs.replace(self.study, status=status, sides=sides, eta_s=None, finished=NOW + 7300))
        self.tell(events.Ended(status=status))

    def close(self) -> None:
        self._writer.close()
        if self.study.status in ("queued", "running"):  # `home` would kill the process of what is left running: this
            self.study = msgspec.structs.replace(self.study, status="cancelled", finished=NOW)
            self._store.studies.save(self.study)

    def _change(self, study: Comparison) -> None:
        self.study = study
        self._store.studies.save(study)
        self.tell(events.StudyChanged(study=study))
