"""The job that explores: settings are probed in turn, and the best of them race."""

from __future__ import annotations

import itertools
import time
from collections.abc import Callable, Sequence

import msgspec

from ovtui.analysis.exploration import eta, race, reuse, search, selection
from ovtui.analysis.exploration.grid import settings
from ovtui.engine import memory
from ovtui.engine.environment import environment
from ovtui.engine.job_specs import ExplorationJobSpec
from ovtui.engine.jobs.contestants import Contestant
from ovtui.engine.jobs.context import JobContext
from ovtui.engine.jobs.rate_search import RateSearchJob
from ovtui.engine.jobs.study import StudyJob
from ovtui.errors import Cancelled, InputError, OvtuiError
from ovtui.records import Cell, Effective, Exploration, Model, Phase, Run, RunFilter, Setting, Spec

_PROBE_S, _RACE_S, _EACH_S = 1.2, 1.0, 5.0
_MOST_LOADED = 12
_LOOKED_AT = 2000  # earlier runs of the model


class ExplorationJob(StudyJob[Exploration]):
    """One exploration. Whoever was probed stays loaded, so that a race costs no second start."""

    def __init__(self, spec: ExplorationJobSpec, context: JobContext) -> None:
        super().__init__(spec.study, context)
        self._seconds, self._fresh, self._resumes = spec.seconds, spec.fresh, spec.resumes
        self._loaded: dict[Setting, Contestant] = {}
        self._created: dict[Setting, float] = {}
        self._costs: dict[Setting, float] = {}
        self._own: Effective | None = None  # what the device makes of the spec as it stands
        self._hint: int | None = None

    @property
    def models(self) -> Sequence[Model]:
        return [self.study.model]

    def work(self) -> None:
        """Find the best settings."""
        cells = tuple(Cell(setting=setting) for setting in settings(self.study.grid))
        self._change(cells=cells)
        self._ask_the_device()
        self._reuse()
        if self.study.grid.search:
            self._search()
            self._race()
        else:
            for cell in self.study.cells:
                if self._cell(cell.setting).state == "open":
                    self._probe(cell.setting, self._seconds or _EACH_S)
        self._conclude()

    # -- what is known beforehand

    def _ask_the_device(self) -> None:
        """How many streams it wants by itself, and which batch is the model's own."""
        self.tell_phase(Phase(name="device-choice"))
        spec = msgspec.structs.replace(self.study.spec, mode="throughput", streams=None, requests=None, threads=None)
        contestant = self.load(self.study.model, spec)
        self._own = contestant.ready.effective
        self._hint = self._own.streams
        self.field.close(contestant)

    def _reuse(self) -> None:
        """Take what earlier runs of the same spec on this machine found out, where it still holds.

        Of the exploration that this one goes on with, all of it.
        """
        machine, model = self.study.environment or environment(openvino=""), self.study.model
        if self._fresh:
            return
        before = self._store.studies.of(Exploration).get(self._resumes) if self._resumes else None
        for old in before.cells if before is not None else ():
            if old.run is not None and any(cell.setting == old.setting for cell in self.study.cells):
                self._set(msgspec.structs.replace(old, state="reused", rounds=0))
        found: list[Run] = []
        for study in self._store.studies.of(Exploration).newest(model.id):
            found += self._store.runs.whole(RunFilter(part_of=study.id), limit=_LOOKED_AT)
        found += self._store.runs.whole(RunFilter(model=model.id), limit=_LOOKED_AT)
        found.sort(key=lambda run: -run.created)
        now = time.time()
        for cell in self.study.cells:
            for run in found if cell.state == "open" else ():
                why = reuse.why_not(
                    run, cell.setting, model=model, spec=self.study.spec, environment=machine, now=now, known=self._own
                )
                if why is None and run.result is not None:
                    self._set(
                        msgspec.structs.replace(
                            cell, state="reused", run=run.id, throughput_fps=run.result.throughput_fps,
                            latency_ms=run.result.latency_ms, peak_rss_mb=run.result.peak_rss_mb,
                        )
                    )  # fmt: skip
                    break

    # -- searching

    def _search(self) -> None:
        while True:
            setting = search.next_probe(self.study.grid, self.study.cells, self._hint, self.study.limits)
            if setting is None:
                return
            self._probe(setting, self._seconds or _PROBE_S)

    def _probe(self, setting: Setting, seconds: float) -> None:
        begin = time.monotonic()
        self.tell_phase(Phase(name="loading", setting=setting))
        self._set(msgspec.structs.replace(self._cell(setting), state="measuring"))
        try:
            contestant = self._load(setting)
            self.tell_phase(Phase(name="measuring", setting=setting))
            contestant.warm()
            contestant.block(seconds)
        except Cancelled:
            raise
        except OvtuiError as error:
            self._fail(setting, error)
            return
        finally:
            if self._cell(setting).state == "measuring":
                self._set(msgspec.structs.replace(self._cell(setting), state="open"))
        self.watch()
        self._costs[setting] = time.monotonic() - begin
        self._measured(setting, contestant)

    def _load(self, setting: Setting) -> Contestant:
        """A contestant for it; where memory is short, those make room that are least likely to be needed again."""
        largest = max((c.peak_rss_mb or 0.0 for c in self._loaded.values()), default=0.0) * 2**20
        while self._loaded and (len(self._loaded) >= _MOST_LOADED or memory.available() < 2 * largest + 2**28):
            self._unload(min(self._loaded, key=self._fps))
        spec = cell_spec(self.study.spec, setting, self._own)
        self._created.setdefault(setting, time.time())
        contestant = self._loaded[setting] = self.load(self.study.model, spec)
        return contestant

    def _unload(self, setting: Setting) -> None:
        self.field.close(self._loaded.pop(setting))

    def _fps(self, setting: Setting) -> float:
        estimate = self._cell(setting).throughput_fps
        return estimate.mean if estimate else 0.0

    def _fail(self, setting: Setting, error: OvtuiError) -> None:
        """It is marked with the reason, and with it whatever is as impossible: a batch, or a number of streams."""
        contestant = self._loaded.pop(setting, None)
        if contestant is not None:
            self.field.close(contestant)
        guilty = self._guilty(setting) if isinstance(error, InputError) else None
        for cell in self.study.cells:
            same = guilty is not None and cell.state == "open" and guilty(cell.setting)
            if cell.setting == setting or same:
                self._set(msgspec.structs.replace(cell, state="failed", reason=str(error)))

    def _guilty(self, refused: Setting) -> Callable[[Setting], bool] | None:
        """Of batch and streams, the one that is to blame: the other one works, with this model on this device."""
        works = [cell.setting for cell in self.study.cells if cell.state in ("measured", "reused")]
        batches, streams = {each.batch for each in works}, {each.streams for each in works}
        if self._own is not None:
            batches, streams = batches | {self._own.batch}, streams | {self._own.streams or 1}
        if refused.streams in streams and refused.batch not in batches:
            return lambda each: each.batch == refused.batch
        if refused.batch in batches and refused.streams not in streams:
            return lambda each: each.streams == refused.streams
        return None

    # -- racing

    def _race(self) -> None:
        """The best infer in turn, in short rounds, until they are told apart."""
        still = race.contestants(self.study.cells, self.study.limits)
        rounds: dict[Setting, list[float]] = {}
        if len(still) < 2:
            return
        for setting in still:
            try:
                if setting not in self._loaded:
                    self.tell_phase(Phase(name="race-loading", setting=setting))
                    self._load(setting).warm()
                rounds[setting] = []
            except Cancelled:
                raise
            except OvtuiError as error:
                self._fail(setting, error)
        for number in itertools.count():
            if len(rounds) < 2:
                return
            self.tell_phase(Phase(name="racing", settings=len(rounds)))
            for setting in race.turns(list(rounds), self.study.spec.seed, number):
                contestant, rates = self._loaded[setting], rounds[setting]
                try:
                    found = contestant.block(_RACE_S)
                except Cancelled:
                    raise
                except OvtuiError as error:  # the others go on
                    self._fail(setting, error)
                    del rounds[setting]
                    continue
                rates.append(found.rate * contestant.ready.effective.batch)
                self._measured(setting, contestant, rounds=len(rates))
                self.watch()
            thrift = {setting: selection.thrift(self._cell(setting)) for setting in rounds}
            for setting in race.drop(rounds, thrift):
                del rounds[setting]

    # -- what is found

    def _measured(self, setting: Setting, contestant: Contestant, rounds: int = 0) -> None:
        result = contestant.result()
        if result is None:
            return
        cell = self._cell(setting)
        mine = cell.run if cell.state != "reused" else None
        run_id = self.keep(mine, contestant, created=self._created[setting])
        self._set(
            msgspec.structs.replace(
                cell, state="measured", run=run_id, throughput_fps=result.throughput_fps,
                latency_ms=result.latency_ms, peak_rss_mb=result.peak_rss_mb, rounds=rounds,
            )
        )  # fmt: skip

    def _cell(self, setting: Setting) -> Cell:
        cells: tuple[Cell, ...] = self.study.cells
        return next(cell for cell in cells if cell.setting == setting)

    def _set(self, cell: Cell) -> None:
        cells = tuple(cell if each.setting == cell.setting else each for each in self.study.cells)
        chosen = selection.best(cells, self.study.limits)
        front = selection.pareto(cells)
        if chosen is not None and chosen not in front:  # a probe that was never raced looked better
            front = [*front, chosen]
        self._change(
            cells=cells,
            best=chosen.run if chosen else None,
            pareto=tuple(each.run for each in front if each.run),
            eta_s=self._eta_s(cells),
        )

    def _eta_s(self, cells: Sequence[Cell]) -> float | None:
        still = [cell.setting for cell in cells if cell.state in ("open", "measuring")]
        if self.study.grid.search:
            racers = [cell.rounds for cell in cells if cell.rounds] or None
            return eta.search_left(still, self._costs, turn_s=_RACE_S, racing=racers)
        return eta.cells_left(still, self._costs)

    def _conclude(self) -> None:
        cells = self.study.cells
        if not any(cell.state in ("measured", "reused") for cell in cells):
            reasons = {cell.reason for cell in cells if cell.reason}
            why = reasons.pop() if len(reasons) == 1 else f"{len(cells)} settings failed, for {len(reasons)} reasons."
            raise OvtuiError(f"Nothing could be measured: {why}")
        if selection.best(cells, self.study.limits) is None:
            self.note(selection.nearest_miss(cells, self.study.limits))


def cell_spec(spec: Spec, setting: Setting, own: Effective | None) -> Spec:
    """The spec of a setting. A batch that is the model's own is not asked for: not every model has that dimension."""
    batch = None if own is not None and own.batch == setting.batch else setting.batch
    return msgspec.structs.replace(
        spec, mode="manual", batch=batch, streams=setting.streams, threads=setting.threads, requests=setting.requests
    )


def exploration_job(spec: ExplorationJobSpec, context: JobContext) -> StudyJob[Exploration]:
    """The job that the spec's mode asks for."""
    return (RateSearchJob if spec.study.spec.mode == "server" else ExplorationJob)(spec, context)
