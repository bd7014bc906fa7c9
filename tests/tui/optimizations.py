"""Optimizations with a known outcome, and a job that makes a version as the test tells it."""

from __future__ import annotations

import contextlib
import os
from typing import Any

import msgspec

from ovtui.analysis.accuracy.proportions import proportion
from ovtui.engine import events, liveness
from ovtui.engine.folder import EventWriter, JobFolder
from ovtui.engine.job_specs import OptimizationJobSpec
from ovtui.records import (
    Accuracy,
    Candidate,
    Changed,
    Comparison,
    Data,
    Drift,
    Images,
    Job,
    Labelled,
    Optimization,
    OutputAgreement,
    PairedResult,
    Phase,
    Preprocessing,
    Recipe,
    Spec,
)
from ovtui.store import Store
from tests import profiled
from tests.store.samples import NOW, a_result, a_run, an_effective, an_environment, its_job
from tests.tui.comparisons import quantized
from tests.tui.conftest import INT8, RESNET, latency

RECIPE = Recipe(
    data=(Data(path="/data/images"),),
    images=Images(mean=(123.7, 116.3, 103.5), scale=(58.4, 57.1, 57.4)),
)
PIXELS = Preprocessing(
    input="image", layout="NCHW", size=(224, 224), pixels=(224, 224), channels="rgb", mean=(123.7, 116.3, 103.5),
    scale=(58.4, 57.1, 57.4), guessed=("channels",),
)  # fmt: skip
DRIFT = tuple(
    Drift(name=f"stage{n}/conv", type="Convolution", sqnr_db=38.0 - 3 * n, cosine=0.9999 - 0.001 * n, max_abs=0.2 * n,
          loss_db=3.0 if n else None)
    for n in range(6)
)  # fmt: skip
ACCURACY = Accuracy(
    samples=1000,
    outputs=(OutputAgreement(output="probabilities", cosine=0.9991, sqnr_db=27.4, max_abs=0.31,
                             top1=proportion(981, 1000)),),
    labelled=Labelled(
        parent_top1=proportion(761, 1000), version_top1=proportion(755, 1000), drop=0.006, drop_ci95=(0.001, 0.012),
        parent_top5=proportion(930, 1000), version_top5=proportion(929, 1000),
    ),
    changed=(Changed(sample="cat/17.png", label=3, parent=3, version=5),),
    changes=19,
    drift=DRIFT,
    drift_samples=8,
)  # fmt: skip


def optimization(**other: Any) -> Optimization:
    """Of RESNET to INT8, done."""
    plain = Optimization(
        id="optimize00", status="done", label=None, parent=RESNET, recipe=RECIPE,
        spec=Spec(model=RESNET.id), created=NOW + 80_000, preprocessing=PIXELS, samples=300,
        version=msgspec.structs.replace(INT8, bytes=RESNET.bytes // 4), accuracy=ACCURACY, latency="compare001",
        throughput="compare002", elapsed_s=95.0, finished=NOW + 80_095, environment=an_environment(),
        warnings=("Guessed for the images: channels.",),
    )  # fmt: skip
    return msgspec.structs.replace(plain, **other)


def keep(store: Store, study: Optimization) -> Optimization:
    """Put it into the store, with its comparisons and their runs."""
    for model in (study.parent, study.version):
        if model is not None:
            store.models.save(model)
    for comparison_id, mode, ratio in ((study.latency, "latency", 1.66), (study.throughput, "throughput", 1.93)):
        if comparison_id is not None and study.version is not None:
            keep_comparison(store, study, comparison_id, mode, ratio)
    store.studies.create(study, its_job_of(study))
    return study


def keep_comparison(store: Store, study: Optimization, comparison_id: str, mode: Any, ratio: float) -> Comparison:
    """Of parent and version; by latency, their layers are known, too."""
    sides = []
    layers = (profiled.mixnet(), quantized()) if mode == "latency" else (None, None)
    for place, (model, rate) in enumerate(((study.parent, 100.0), (study.version, 100.0 * ratio))):
        assert model is not None
        run = a_run(
            f"{comparison_id}{'ab'[place]}", model, status="done", created=NOW + 80_050, effective=an_effective(),
            spec=Spec(model=model.id, mode=mode), environment=an_environment(), finished=NOW + 80_060,
            result=msgspec.structs.replace(a_result(rate), latency_ms=latency(1000 / rate)), part_of=comparison_id,
        )  # fmt: skip
        sides.append(Candidate(model=model, spec=run.spec, run=run.id))
        store.runs.put(run, msgspec.structs.replace(its_job(run), status="done"), profile=layers[place])
    comparison = Comparison(
        id=comparison_id, status="done", label=None, criterion=mode, sides=tuple(sides), created=NOW + 80_050,
        duels=(PairedResult(verdict="faster", ratio=ratio, ci95=(ratio * 0.98, ratio * 1.02), ratios=(ratio,) * 4),),
        pairs=60, elapsed_s=12.0, finished=NOW + 80_062, environment=an_environment(),
    )  # fmt: skip
    job = msgspec.structs.replace(its_job_of(study), id=comparison_id, kind="comparison", status="done")
    store.studies.create(comparison, job)
    return comparison


def its_job_of(study: Optimization) -> Job:
    """The job of a study, whose process is this one."""
    pid = os.getpid()
    return Job(
        id=study.id, kind="optimization", status=study.status, folder="", created=study.created, pid=pid,
        pid_started=liveness.started(pid), model=study.parent.id,
    )  # fmt: skip


class OptimizationJob:
    """An optimization whose process is this one, and whose events the test writes."""

    def __init__(self, store: Store, study: Optimization) -> None:
        self.study = msgspec.structs.replace(study, status="queued", finished=None)
        self._store = store
        self._writer = EventWriter(JobFolder.create(OptimizationJobSpec(id=study.id, study=self.study)))
        store.models.save(study.parent)
        store.studies.create(self.study, its_job_of(self.study))

    def tell(self, event: events.AnyEvent) -> None:
        self._writer.write(event)

    def change(self, phase: Phase, **fields: Any) -> None:
        """What it does now, and what is known by now."""
        self.study = msgspec.structs.replace(self.study, **{"status": "running", "phase": phase.name, **fields})
        self._store.studies.save(self.study)
        self.tell(events.PhaseBegan(phase=phase))
        self.tell(events.StudyChanged(study=self.study))

    def end(self, status: Any = "done", **fields: Any) -> None:
        self.study = msgspec.structs.replace(
            self.study, **{"status": status, "eta_s": None, "finished": NOW + 80_063, **fields}
        )
        self._store.studies.save(self.study)
        self.tell(events.StudyChanged(study=self.study))
        self.tell(events.Ended(status=status, error=self.study.error))

    def close(self) -> None:
        self._writer.close()
        with contextlib.suppress(Exception):  # else `home` would end the process of what is left running: this one
            self._store.studies.save(msgspec.structs.replace(self.study, status="cancelled", finished=NOW))
