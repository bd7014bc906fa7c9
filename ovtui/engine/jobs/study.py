"""What all studies share: a record that grows, runs that are part of it, and the machine beside it."""

from __future__ import annotations

import os
import time
import traceback
from abc import abstractmethod
from collections.abc import Callable, Sequence
from typing import Generic

import msgspec

from ovtui.analysis import noise
from ovtui.engine import events, liveness
from ovtui.engine.cores import affinity
from ovtui.engine.environment import environment
from ovtui.engine.job_specs import new_id
from ovtui.engine.jobs.contestants import Contestant
from ovtui.engine.jobs.context import JobContext
from ovtui.engine.jobs.exclusive_lock import alone
from ovtui.engine.jobs.heartbeat import Heartbeat
from ovtui.engine.jobs.sensors import Sensors
from ovtui.errors import OvtuiError, sentence
from ovtui.kinds import kind_of
from ovtui.records import LIVE, AnyRemark, Exploration, Job, Model, Phase, Profile, Result, Run, Spec, Status
from ovtui.sanitize import plain
from ovtui.store import AnyStudy

_SENSOR_S = 1.0
_SMALL, _PARTS_PER_S = 64, 50


class Field:
    """The contestants that are loaded, for whoever watches the machine beside them."""

    def __init__(self) -> None:
        self.loaded: list[Contestant] = []
        self._closed_s = 0.0

    def close(self, contestant: Contestant) -> None:
        self._closed_s += contestant.cpu_seconds() or 0.0
        self.loaded.remove(contestant)
        contestant.close()

    def cpu_seconds(self) -> float | None:
        return self._closed_s + sum(contestant.cpu_seconds() or 0.0 for contestant in self.loaded)

    def involuntary_switches(self) -> int | None:
        return None


class StudyJob(Generic[AnyStudy]):
    """A study from queue to record; what it does in between is for those who inherit."""

    def __init__(self, study: AnyStudy, context: JobContext) -> None:
        self.study: AnyStudy = study
        self._context = context
        self._folder, self._writer, self._store = context.folder, context.writer, context.store
        self._cancel = context.cancel
        self.field = Field()
        self._sensors: Sensors | None = None
        self._samples: list[noise.Sample] = []
        self._next_sensor = self._next_told = 0.0
        self._began = time.monotonic()
        self._notes: list[AnyRemark] = []
        self.status: Status = "done"

    @property
    def model(self) -> str:
        """The id of the first of its models."""
        return self.models[0].id

    def register(self, job: Job) -> None:
        """Into the store, where others find it."""
        self.study = msgspec.structs.replace(self.study, created=job.created)
        self._store.studies.create(self.study, job)

    def run(self) -> None:
        """Wait for the machine, work, and save. Raises OvtuiError; whatever was found until then is saved with it."""
        self._to_the_end(self._alone)

    def within(self) -> None:
        """As `run`, within a job that has the machine to itself already."""
        self._to_the_end(self._at_work)

    def _alone(self) -> None:
        noun = kind_of(type(self.study)).name
        who = f"{noun} {self.study.id} of {plain(self.models[0].name, 60)}"
        pulse = Heartbeat(self._writer, lambda: self.elapsed_s)
        turn = alone(who, self.models, self._context, noun=noun)
        with turn, pulse:
            self._at_work()

    def _at_work(self) -> None:
        self._began = time.monotonic()
        machine = environment(openvino="")
        self._writer.write(events.Started(pid=os.getpid(), environment=machine))
        self._change(status="running", environment=machine)
        try:
            self.work()
        finally:
            for contestant in list(self.field.loaded):
                self.field.close(contestant)

    def _to_the_end(self, work: Callable[[], None]) -> None:
        error: OvtuiError | None = None
        try:
            work()
        except OvtuiError as raised:
            error = raised
        except Exception as raised:  # noqa: BLE001 - a mistake of ours must not cost what was measured
            traceback.print_exc()
            error = OvtuiError(f"Unexpected: {plain(sentence(raised), 300)} The log is {plain(self._folder.log)}.")
        self.status = "done" if error is None else error.status
        self._change(
            status=self.status,
            eta_s=None,
            finished=time.time(),
            error=None if error is None else str(error),
            warnings=(*self._notes, *noise.remarks(self._samples, len(affinity()))),
        )
        if error is not None:
            raise error

    @property
    @abstractmethod
    def models(self) -> Sequence[Model]:
        """Whose files must not change while this waits for the machine."""

    @abstractmethod
    def work(self) -> None:
        """Measure; the machine is this job's own meanwhile."""

    def tell_phase(self, phase: Phase) -> None:
        """What is done now."""
        self._writer.write(events.PhaseBegan(phase=phase))

    def note(self, text: str) -> None:
        """Something that a person should know, once."""
        if text not in self._notes:
            self._notes.append(text)
            self._writer.write(events.Note(text=text))

    def begin(self, model: Model, spec: Spec) -> Contestant:
        """Begin to load a contestant; `stand_ready` before its first turn."""
        contestant = Contestant(model, spec, log=self._folder.log, cancel=self._cancel)
        self.field.loaded.append(contestant)
        return contestant

    def stand_ready(self, contestant: Contestant) -> None:
        """Wait until it is loaded; its notes become the study's. One that fails is gone."""
        try:
            contestant.stand_ready()
        except BaseException:
            self.field.close(contestant)
            raise
        for text in contestant.notes:
            self.note(text)
        machine = self.study.environment
        if machine is not None and not machine.openvino:
            self._change(environment=msgspec.structs.replace(machine, openvino=contestant.ready.openvino))

    def load(self, model: Model, spec: Spec) -> Contestant:
        """A contestant that stands ready."""
        contestant = self.begin(model, spec)
        self.stand_ready(contestant)
        return contestant

    def watch(self) -> None:
        """Look at the machine, once a second at most; between turns, so that it disturbs nobody."""
        now = time.monotonic()
        if self._sensors is None:
            self._sensors = Sensors(self.field)
        elif now >= self._next_sensor:
            self._samples.append(self._sensors.sample())
        else:
            return
        self._next_sensor = now + _SENSOR_S

    @property
    def elapsed_s(self) -> float:
        return time.monotonic() - self._began

    def _change(self, **fields: object) -> None:
        """The study as it is known now: into the store and to whoever looks."""
        study = msgspec.structs.replace(self.study, elapsed_s=self.elapsed_s, **fields)
        self.study = study
        now = time.monotonic()
        if study.status in LIVE and now < self._next_told:
            return  # a large one is not told at every change, or its events would fill the disk
        parts = len(study.cells) if isinstance(study, Exploration) else 0
        self._next_told = now + max(0, parts - _SMALL) / _PARTS_PER_S
        self._store.studies.save(study)
        self._writer.write(events.StudyChanged(study=study))

    def keep(
        self,
        run_id: str | None,
        contestant: Contestant,
        *,
        created: float,
        profile: Profile | None = None,
        rate: float | None = None,
        result: Result | None = None,
    ) -> str:
        """What a contestant found out as a run of its own, part of this study; the run's id.

        With `rate`, of arrivals, it has its `result` from elsewhere, and did not look the same all the time.
        """
        now = time.time()
        run = Run(
            id=run_id or new_id(),
            status="done",
            label=None,
            model=contestant.model,
            spec=contestant.spec if rate is None else msgspec.structs.replace(contestant.spec, rate=rate),
            created=created,
            started=created,
            finished=now,
            effective=contestant.ready.effective,
            environment=self.study.environment,
            result=contestant.result() if result is None else contestant.completed(result),
            warnings=tuple(contestant.notes),
            part_of=self.study.id,
        )
        pid = os.getpid()
        job = Job(
            id=run.id, kind="run", status="done", folder=str(self._folder.path), created=created, started=created,
            finished=now, pid=pid, pid_started=liveness.started(pid), model=run.model.id,
        )  # fmt: skip
        own = rate is None
        self._store.runs.put(
            run,
            job,
            series=contestant.series if own else None,
            histogram=contestant.histogram if own else None,
            profile=profile,
        )
        return run.id
