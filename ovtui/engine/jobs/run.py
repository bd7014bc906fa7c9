"""The job that measures: hold the machine, let a device process infer, count beside it, keep the result."""

from __future__ import annotations

import os
import time
import traceback

import msgspec
import numpy as np

from ovtui.analysis import noise
from ovtui.analysis.distribution import thinned
from ovtui.analysis.measurement import Measurement
from ovtui.analysis.worth import of_worth
from ovtui.engine import events, messages, ring, tasks
from ovtui.engine.cores import affinity
from ovtui.engine.device_process import DeviceProcess, run_memory_limit
from ovtui.engine.environment import environment
from ovtui.engine.job_specs import RunJobSpec
from ovtui.engine.jobs.context import JobContext
from ovtui.engine.jobs.exclusive_lock import alone
from ovtui.engine.jobs.layer_pass import Pass
from ovtui.engine.jobs.sensors import Sensors
from ovtui.engine.timeline import Timeline
from ovtui.errors import Cancelled, OvtuiError, sentence
from ovtui.records import AnyRemark, Histogram, Job, Lost, Model, Phase, Profile, Result, Run, Spec, Status
from ovtui.sanitize import plain

# This process shares the cores with what it measures: all of this together takes about 1 % of one.
_DRAIN_S = 0.25
_WINDOW_S = 0.5
_SENSOR_S = 1.0
_SNAPSHOT_S = 2.0  # a whole result so far, which is what is left of a run that is killed
_SEEN_BUCKETS = 48  # of the histogram that viewers get
_GRACE_S = 3.0


class RunJob:
    """One run from queue to record."""

    def __init__(self, spec: RunJobSpec, context: JobContext) -> None:
        self._id, self._label = spec.id, spec.label
        self._model: Model = spec.model
        self._spec: Spec = spec.spec
        self._context = context
        self._folder, self._writer, self._store = context.folder, context.writer, context.store
        self._cancel = context.cancel
        self.status: Status = "done"
        self._notes: list[str] = []
        self._samples: list[noise.Sample] = []
        self._first_sample = 0  # of those that saw measuring, not warming up
        self._disturbance: str | None = None  # why the last second is not to be trusted
        self._disturbed: list[tuple[float, float]] = []  # seconds since the first inference
        self._origin_ns: int | None = None
        self._timeline = Timeline()
        self._measurement: Measurement | None = None
        self._ready: messages.Ready | None = None
        self._peak_rss_mb: float | None = None
        self._lost = 0
        self._refused = 0
        self._reader: ring.Reader | None = None
        self._profile: Profile | None = None

    @property
    def model(self) -> str:
        """The id of the model."""
        return self._model.id

    def register(self, job: Job) -> None:
        """Into the store, where others find it."""
        run = Run(
            id=self._id,
            status=job.status,
            label=self._label,
            model=self._model,
            spec=self._spec,
            created=job.created,
        )
        self._store.runs.create(run, job)

    def run(self) -> None:
        """Measure and save. Raises OvtuiError; whatever was measured until then is saved with it."""
        error: OvtuiError | None = None
        try:
            who = f"run {self._id} of {plain(self._model.name, 60)}"
            with alone(who, [self._model], self._context, noun="run"):
                self._measure()
                self._look_at_layers()
        except OvtuiError as raised:
            error = raised
        except Exception as raised:  # noqa: BLE001 - a mistake of ours must not cost what was measured
            traceback.print_exc()
            error = OvtuiError(f"Unexpected: {plain(sentence(raised), 300)} The log is {plain(self._folder.log)}.")
        self._save(error)
        if error is not None:
            raise error

    def _measure(self) -> None:
        self._began = time.monotonic()
        self._environment = environment(openvino="")
        self._store.jobs.set_status(self._id, "running", started=time.time())
        self._writer.write(events.Started(pid=os.getpid(), environment=self._environment))
        fd = ring.create()
        task = tasks.MeasureTask(ring_fd=fd, model=self._model, spec=self._spec)
        shared = ring.Ring(fd)
        device = DeviceProcess(task, self._folder.log, memory_limit=run_memory_limit())
        try:
            self._wait_until_ready(device)
            self._count(device, shared)
        finally:
            stopped_ns = time.perf_counter_ns()
            shared.stop()
            try:
                if not device.ended and self._ready is not None:
                    heard = device.wait_for_end(_GRACE_S)
                    self._hear(heard)
                    self._count_waiting(heard, stopped_ns)
            finally:
                self._refused = shared.refused
                device.end()
                os.close(fd)

    def _count_waiting(self, heard: list[messages.AnyMessage], stopped_ns: int) -> None:
        """Server mode: the arrivals that were not served when measuring ended."""
        measurement, reader, origin = self._measurement, self._reader, self._origin_ns
        if self._spec.mode != "server" or measurement is None or reader is None or origin is None:
            return
        begins, ends = reader.drain()
        told = [time for message in heard if isinstance(message, messages.Stopped) for time in message.unserved_ns]
        unserved = np.asarray(told, np.int64)
        measurement.end(begins - origin, ends - origin, unserved - origin, stopped_ns=stopped_ns - origin)

    def _look_at_layers(self) -> None:
        result = self._result()
        if not self._spec.profile or result is None or self._cancel.asked:
            return
        look = Pass(
            self._model, self._spec, folder=self._folder, writer=self._writer, store=self._store, cancel=self._cancel
        )
        found = look.run(result, self._environment)
        self._profile = found.profile
        self._notes += [found.reason] if found.reason else []

    def _wait_until_ready(self, device: DeviceProcess) -> None:
        try:
            ready = device.answer(messages.Ready, cancelled=self._cancel.is_asked, each=self._take)
        except Cancelled as error:
            raise Cancelled("Cancelled before the measurement began.") from error
        self._ready = ready
        device.phase = Phase(name="measuring")
        self._environment = msgspec.structs.replace(self._environment, openvino=ready.openvino)
        self._store.runs.set_environment(self._id, self._environment)
        self._store.runs.set_effective(self._id, ready.effective)
        self._writer.write(
            events.Loaded(
                effective=ready.effective,
                read_ms=ready.read_ms,
                compile_ms=ready.compile_ms,
                first_inference_ms=ready.first_inference_ms,
            )
        )

    def _hear(self, heard: list[messages.AnyMessage]) -> None:
        for message in heard:
            self._take(message)

    def _take(self, message: messages.AnyMessage) -> None:
        if isinstance(message, messages.At):
            self._writer.write(events.PhaseBegan(phase=message.phase))
        elif isinstance(message, messages.Said):
            self._notes.append(message.text)
            self._writer.write(events.Note(text=message.text))

    def _count(self, device: DeviceProcess, shared: ring.Ring) -> None:
        """Drain, count and tell until the stop rule is satisfied, somebody cancels, or the device process ends."""
        assert self._ready is not None
        open_loop = self._spec.mode == "server"
        measurement = Measurement(self._spec.stop, batch=self._ready.effective.batch, open_loop=open_loop)
        self._measurement = measurement
        self._writer.write(events.PhaseBegan(phase=Phase(name="warming")))
        sensors = Sensors(device)
        origin: int | None = None
        next_window = next_sensor = next_snapshot = time.monotonic() + _WINDOW_S
        while measurement.phase != "done" and not self._cancel.asked:
            self._hear(device.hear(_DRAIN_S))
            reader = self._reader = self._reader or shared.reader()
            if reader is not None:
                # Whatever ended 20 ms ago has been published: a lane's position follows its values at once.
                published = time.perf_counter_ns() - 20_000_000
                begins, ends = reader.drain()
                self._lost = reader.lost
                if origin is None and begins.size:
                    origin = self._origin_ns = int(begins.min())
                if origin is not None:
                    horizon = published if open_loop else reader.horizon_ns
                    before = measurement.phase
                    measurement.add(begins - origin, ends - origin, horizon_ns=max(0, horizon - origin))
                    if before == "warming" and measurement.phase != "warming":
                        self._first_sample = len(self._samples)
                        self._writer.write(events.PhaseBegan(phase=Phase(name="measuring")))
            now = time.monotonic()
            if now >= next_sensor:
                next_sensor = now + _SENSOR_S
                self._look(sensors.sample())
            if now >= next_window:
                next_window = now + _WINDOW_S
                # The last one has the result, whatever becomes of this process afterwards.
                snapshot = now >= next_snapshot or self._is_done
                if snapshot:
                    next_snapshot = now + _SNAPSHOT_S
                self._tell(device, shared, snapshot=snapshot)
            if device.ended:
                self._hear(device.hear(0))  # raises what became of it, unless it left without a word
                raise OvtuiError(f"The device process ended early; the log is {plain(self._folder.log)}.")
        measurement.cut_off()
        self._tell(device, shared, snapshot=True)

    @property
    def _is_done(self) -> bool:
        """Whether the stop rule is satisfied."""
        return self._measurement is not None and self._measurement.phase == "done"

    def _look(self, sample: noise.Sample) -> None:
        """Keep what the machine did since the last look, and when it disturbed."""
        previous = self._samples[-1] if self._samples else None
        self._samples.append(sample)
        self._disturbance = noise.disturbed(sample, previous, len(affinity()))
        disturbed = self._disturbance is not None
        self._disturbance = self._disturbance or noise.stopped(sample)
        if disturbed and self._origin_ns is not None:
            now_s = (time.perf_counter_ns() - self._origin_ns) / 1e9
            self._disturbed.append((now_s - sample.wall_s, now_s))

    def _tell(self, device: DeviceProcess, shared: ring.Ring, *, snapshot: bool) -> None:
        assert self._measurement is not None
        window = self._measurement.window()
        if window is None:
            # No inference has ended: a slow model. Whoever watches sees that time goes on.
            self._writer.write(events.Beat(elapsed_s=time.monotonic() - self._began))
            return
        sample = self._samples[-1] if self._samples else None
        rss = device.rss_bytes()
        self._peak_rss_mb = device.peak_rss_mb()
        self._refused = shared.refused
        event = events.Window(
            t_s=window.t_s,
            warming=window.warming,
            throughput_fps=window.throughput_fps,
            inferences=window.inferences,
            p50_ms=window.p50_ms,
            p99_ms=window.p99_ms,
            estimate=window.estimate,
            median_ms=window.median_ms,
            eta_s=window.eta_s,
            progress=window.progress,
            rss_mb=None if rss is None else rss / 2**20,
            cpu_percent=None if sample is None or sample.own_cpu is None else sample.own_cpu * 100,
            frequency_mhz=None if sample is None else sample.frequency_mhz,
            temperature_c=None if sample is None else sample.temperature_c,
            speed=None if sample is None else sample.speed,
            disturbed=self._disturbance,
            result=self._result() if snapshot else None,
            histogram=thinned(self._measurement.histogram(), _SEEN_BUCKETS)
            if snapshot and not window.warming
            else None,
        )
        self._timeline.add(event)
        self._writer.write(event)

    def _result(self) -> Result | None:
        measured = self._measurement.result(refused=self._refused) if self._measurement else None
        if measured is None or self._ready is None:
            return None
        cpu = [s.own_cpu for s in self._samples[self._first_sample :] if s.own_cpu is not None]
        return msgspec.structs.replace(
            measured,
            read_ms=self._ready.read_ms,
            compile_ms=self._ready.compile_ms,
            first_inference_ms=self._ready.first_inference_ms,
            peak_rss_mb=self._peak_rss_mb,
            cpu_percent=sum(cpu) / len(cpu) * 100 if cpu else None,
            quota=noise.quota_stops(self._samples[self._first_sample :]),
        )

    def _save(self, error: OvtuiError | None) -> None:
        self._writer.write(events.PhaseBegan(phase=Phase(name="saving")))
        result = self._result()
        status: Status = "done"
        if error is not None:
            status = error.status
        elif self._cancel.asked and not self._is_done:
            status = "cancelled"
        if result is not None and self._measurement is not None:
            quiet = self._measurement.quiet(self._disturbed)
            result = msgspec.structs.replace(result, quiet=quiet)
        histogram: Histogram | None = None
        if result is not None and self._measurement is not None:
            histogram = self._measurement.histogram()
        self._store.runs.finish(
            self._id,
            status,
            result=result,
            series=self._timeline.series(result),
            histogram=histogram,
            profile=self._profile,
            warnings=self._warnings(result),
            error=None if error is None else str(error),
            finished=time.time(),
        )
        self.status = status

    def _warnings(self, result: Result | None) -> tuple[AnyRemark, ...]:
        found: list[AnyRemark] = list(self._notes)
        if result is not None:
            disturbances = noise.remarks(self._samples[self._first_sample :], len(affinity()))
            found += of_worth(result, self._spec, noisy=bool(disturbances))
            found += disturbances
        return (*found, Lost(count=self._lost)) if self._lost else tuple(found)
