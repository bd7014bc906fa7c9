"""Explorations with a known outcome, and a job that explores as the test tells it."""

from __future__ import annotations

import contextlib
import os
from typing import Any

import msgspec

from ovtui.analysis.exploration import selection
from ovtui.analysis.exploration.grid import settings
from ovtui.engine import events, liveness
from ovtui.engine.folder import EventWriter, JobFolder
from ovtui.engine.job_specs import ExplorationJobSpec
from ovtui.records import Cell, Estimate, Exploration, Grid, Job, Limits, Phase, RatePoint, Setting, Spec
from ovtui.store import Store
from tests.store.samples import NOW, a_result, a_run, an_effective, an_environment, its_job
from tests.tui.conftest import RESNET, latency

GRID = Grid(batches=(1, 2, 4, 8, 16, 32), streams=(1, 2, 4, 8))
FRESH = Spec(model=RESNET.id, profile=False)
REFUSED = "The model with batch 32 needs more memory than this machine has: 9.2 GB."


def measured(setting: Setting, **other: Any) -> Cell:
    """A device of 8 cores: throughput grows with the work in flight, up to a point; latency follows from it."""
    inflight = setting.batch * setting.streams
    fps = 640.0 * inflight / (inflight + 6.0) * (1.0 if setting.streams <= 4 else 0.93)
    fps /= 1 + 0.004 * max(0, inflight - 32)
    ms = 1000.0 * inflight / fps
    return Cell(
        setting=setting,
        **{
            "state": "measured",
            "run": f"cell{setting.batch:03}x{setting.streams:02}",
            "throughput_fps": Estimate(mean=fps, ci95=(fps * 0.992, fps * 1.008), converged=True),
            "latency_ms": latency(ms),
            "peak_rss_mb": 180.0 + 9 * inflight,
            **other,
        },
    )


def cells(*, done: int | None = None) -> tuple[Cell, ...]:
    """All of GRID, or the first `done`: one batch failed, one setting is known from earlier."""
    found: list[Cell] = []
    for number, setting in enumerate(settings(GRID)):
        if done is not None and number >= done:
            found.append(Cell(setting=setting, state="measuring" if number == done else "open"))
        elif setting.batch == 32:
            found.append(Cell(setting=setting, state="failed", reason=REFUSED))
        elif (setting.batch, setting.streams) == (2, 1):
            found.append(measured(setting, state="reused", run="run0000000"))
        elif (setting.batch, setting.streams) in ((16, 1), (16, 8)):
            found.append(Cell(setting=setting))
        else:
            rounds = 5 if (setting.batch, setting.streams) in ((4, 4), (8, 4)) else 0
            found.append(measured(setting, rounds=rounds))
    return tuple(found)


def exploration(found: tuple[Cell, ...] | None = None, **other: Any) -> Exploration:
    """Of RESNET, done; nothing in the way of `other`."""
    found = cells() if found is None else found
    limits = other.get("limits", Limits())
    best = selection.best(found, limits)
    plain = Exploration(
        id="explore000", status="done", label=None, model=RESNET, spec=FRESH, grid=GRID, limits=limits,
        created=NOW + 80_000, cells=found, best=best.run if best else None,
        pareto=tuple(cell.run for cell in selection.pareto(found) if cell.run), elapsed_s=63.0, finished=NOW + 80_063,
        environment=an_environment(),
    )  # fmt: skip
    return msgspec.structs.replace(plain, **other)


def load(rate: float, p50: float, missed: float | None, **other: Any) -> RatePoint:
    """Kept, if at most one of a hundred arrivals missed the limit."""
    if missed is None:
        return RatePoint(rate=rate, state="measuring")
    return RatePoint(
        rate=rate, state="measured", run=f"load{rate:06.0f}", latency_ms=latency(p50), missed=missed,
        missed_ci95=(missed * 0.7, missed * 1.4), kept=missed <= 0.01, expected=missed, **other,
    )  # fmt: skip


def server_search(*loads: RatePoint, **other: Any) -> Exploration:
    """The highest rate with p99 ≤ 20 ms: 412 arrivals a second."""
    found = loads or (
        load(391.0, 9.1, 0.0031), load(412.0, 11.8, 0.0084), load(433.0, 15.2, 0.0312), load(453.0, 31.0, 0.22),
    )  # fmt: skip
    best = max((each for each in found if each.kept), key=lambda each: each.rate, default=None)
    return exploration(
        (),
        **{
            "spec": msgspec.structs.replace(FRESH, mode="server"),
            "limits": Limits(latency_ms=20.0, percentile="p99"),
            "loads": found,
            "best": best.run if best else None,
            "pareto": (),
            **other,
        },
    )


def keep(store: Store, study: Exploration) -> Exploration:
    """Put it into the store, and the runs that it names."""
    store.models.save(study.model)
    names = {cell.run: (cell.setting, cell.throughput_fps) for cell in study.cells if cell.run}
    for run_id, (setting, estimate) in names.items():
        _keep_run(store, study, run_id, estimate, mode="manual", batch=setting.batch, streams=setting.streams)
    for each in study.loads:
        if each.run:
            _keep_run(store, study, each.run, None, mode="server", rate=each.rate)
    store.studies.create(study, its_study_job(study))
    return study


def _keep_run(store: Store, study: Exploration, run_id: str, estimate: Estimate | None, **spec: Any) -> None:
    if store.runs.get(run_id) is not None:
        return
    run = a_run(
        run_id, study.model, status="done", created=NOW + 3_600, spec=msgspec.structs.replace(study.spec, **spec),
        effective=an_effective(), environment=an_environment(), result=a_result(estimate.mean if estimate else 400.0),
        finished=NOW + 3_605, part_of=study.id,
    )  # fmt: skip
    store.runs.put(run, msgspec.structs.replace(its_job(run), status="done"))


def its_study_job(study: Exploration) -> Job:
    """The job of a study, whose process is this one."""
    pid = os.getpid()
    return Job(
        id=study.id, kind="exploration", status=study.status, folder="", created=study.created, pid=pid,
        pid_started=liveness.started(pid), model=study.model.id,
    )  # fmt: skip


class ExplorationJob:
    """An exploration whose process is this one, and whose events the test writes."""

    def __init__(self, store: Store, study: Exploration) -> None:
        self.study = msgspec.structs.replace(study, status="queued", finished=None)
        self._store = store
        order = ExplorationJobSpec(id=study.id, study=self.study)
        self._writer = EventWriter(JobFolder.create(order))
        store.models.save(study.model)
        store.studies.create(self.study, its_study_job(self.study))

    def tell(self, event: events.AnyEvent) -> None:
        self._writer.write(event)

    def change(self, phase: Phase, **fields: Any) -> None:
        """It is known by now, and what is done next."""
        self.study = msgspec.structs.replace(self.study, **{"status": "running", **fields})
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
