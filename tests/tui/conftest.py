"""The app without a terminal: a data folder of one's own, a size, keys; and a store with runs of a known past."""

from __future__ import annotations

import contextlib
import importlib.metadata
import os
import time
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import msgspec
import pytest
from textual.pilot import Pilot

from ovtui import formatting
from ovtui.engine import events, liveness
from ovtui.engine.devices import Devices, Property, machine
from ovtui.engine.folder import EventWriter, JobFolder
from ovtui.engine.job_specs import RunJobSpec
from ovtui.records import Estimate, Histogram, Job, Model, Phase, Run, Spec, Stop
from ovtui.store import Store, open_store
from ovtui.tui import app as app_module
from ovtui.tui import last_settings
from ovtui.tui.app import OvtuiApp
from ovtui.tui.screens import home as home_module
from ovtui.tui.widgets import plot
from tests.store.samples import (
    NOW,
    a_histogram,
    a_model,
    a_result,
    a_run,
    a_series,
    an_effective,
    an_environment,
    its_job,
)

Opened = Callable[..., AbstractAsyncContextManager[Pilot[None]]]
Step = Callable[[Pilot[Any]], Any]


@pytest.fixture(autouse=True)
def a_steady_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    """The same colours, the same clock, whoever runs the tests."""
    monkeypatch.setenv("TERM", "xterm-256color")
    monkeypatch.setenv("COLORTERM", "truecolor")
    monkeypatch.delenv("NO_COLOR", raising=False)
    monkeypatch.setenv("TZ", "UTC")
    time.tzset()


@pytest.fixture
def store(home: Path) -> Iterator[Store]:
    with open_store(home / "ovtui.db") as opened:
        yield opened


@pytest.fixture
def open_app(store: Store) -> Opened:
    """`async with open_app(size=(80, 24), model=None) as pilot`."""

    @asynccontextmanager
    async def opened(size: tuple[int, int] = (80, 24), model: str | None = None) -> AsyncIterator[Pilot[None]]:
        app = OvtuiApp(store, model=model)
        async with app.run_test(size=size, notifications=True) as pilot:
            await pilot.pause()
            yield pilot

    return opened


async def until(pilot: Pilot[Any], true: Callable[[], object], seconds: float = 60) -> None:
    """Wait for it."""
    deadline = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < deadline, text_of(pilot)
        await pilot.pause(0.05)


def text_of(pilot: Pilot[Any]) -> str:
    """What the screen shows."""
    lines = pilot.app.screen._compositor.render_strips()
    return "\n".join("".join(segment.text for segment in line).rstrip() for line in lines)


async def shows(pilot: Pilot[Any], text: str, seconds: float = 60) -> None:
    """Wait until the screen shows `text`, whatever its lines are broken at."""
    await until(pilot, lambda: text in " ".join(text_of(pilot).split()), seconds)


def screen_name(pilot: Pilot[Any]) -> str:
    return type(pilot.app.screen).__name__


@pytest.fixture
def one_moment(monkeypatch: pytest.MonkeyPatch, store: Store) -> Iterator[None]:
    """The same time, place and devices for whoever draws the pictures."""

    clock = SimpleNamespace(time=lambda: NOW + 100_000, monotonic=time.monotonic)
    from ovtui.tui.screens import history

    monkeypatch.setattr(formatting, "time", clock)
    monkeypatch.setattr(history, "time", clock)
    monkeypatch.setattr(home_module, "gethostname", lambda: "edge-01")
    monkeypatch.setattr(home_module, "__version__", "1.2.3")
    monkeypatch.setattr(app_module, "_STEADY_S", 0.1)
    store.settings.set(
        "devices",
        Devices(
            machine=machine(),
            openvino=importlib.metadata.version("openvino"),
            names={"CPU": "A processor of eight cores", "GPU": "A graphics chip"},
            properties={
                "CPU": (
                    Property(key="ENABLE_CPU_PINNING", value="YES", kind="YES, NO"),
                    Property(key="INFERENCE_NUM_THREADS", value="0", kind="a whole number"),
                    Property(key="SCHEDULING_CORE_TYPE", value="ANY_CORE", kind="ANY_CORE, PCORE_ONLY, ECORE_ONLY"),
                )
            },
        ),
    )
    plot.load()
    yield


async def painted(pilot: Pilot[Any]) -> None:
    """Workers have ended, plots are drawn."""
    await pilot.app.workers.wait_for_complete()
    await pilot.pause(0.3)


def keys(*pressed: str) -> Step:
    """Press keys one after the other, each on a screen that has settled."""

    async def step(pilot: Pilot[Any]) -> None:
        await painted(pilot)
        for key in pressed:
            await pilot.press(key)
            await painted(pilot)

    return step


# A past that is always the same.

RESNET = a_model("resnet0001", name="resnet-50", inputs=a_model().inputs)
INT8 = a_model("resnet0002", name="resnet-50-int8", family="resnet0001", parent="resnet0001", created=NOW + 50)
BERT = a_model("bert000001", name="bert-base", format="ir", created=NOW - 90_000, flops=22_000_000_000)


def remember(store: Store, count: int = 12) -> list[Run]:
    """A family of two and another model, `count` runs; one failed, one is doubtful."""
    made = []
    for model in (RESNET, INT8, BERT):
        store.models.save(model)
    for n in range(count):
        model = (RESNET, INT8, BERT)[n % 3]
        mode: Any = ("latency", "throughput")[n % 2]
        rate = (100.0, 190.0, 30.0)[n % 3] * (1 + 0.03 * (n % 4)) * (1 + n % 2)
        run = a_run(
            f"run{n:03}0000",
            model,
            created=NOW + 3_600 * n,
            label="nightly" if n % 5 == 0 else None,
            spec=Spec(model=model.id, mode=mode, stop=Stop(kind="seconds", seconds=10)),
        )
        store.runs.create(run, its_job(run))
        store.runs.set_environment(run.id, an_environment())
        last_settings.remember(store, run.spec)  # each was set in Configure
        if n == 4:
            store.runs.finish(
                run.id,
                "failed",
                finished=run.created + 2,
                error="OpenVINO crashed while compiling this model: SIGSEGV.",
            )
            continue
        store.runs.set_effective(run.id, an_effective())
        result = a_result(rate)
        if n == 3:
            doubtful = Estimate(mean=rate, ci95=(rate * 0.93, rate * 1.07), converged=False)
            result = msgspec.structs.replace(result, throughput_fps=doubtful)
        store.runs.finish(
            run.id,
            "done",
            finished=run.created + 12,
            result=msgspec.structs.replace(result, latency_ms=latency(1000 / rate)),
            series=series(rate),
            histogram=a_histogram() if n % 4 else histogram(1000 / rate),
            warnings=("NOT CONVERGED: the mean is known to ±7.0 %, not to ±1 %; measure longer.",) if n == 3 else (),
        )
        made.append(run)
    return made


def latency(ms: float) -> Any:
    return msgspec.structs.replace(
        a_result().latency_ms,
        mean=ms * 1.02,
        min=ms * 0.9,
        p50=ms,
        p90=ms * 1.1,
        p95=ms * 1.2,
        p99=ms * 1.4,
        max=ms * 3,
    )


def series(rate: float, windows: int = 24) -> Any:
    shape = [1 + 0.02 * ((7 * n) % 5 - 2) for n in range(windows)]
    return msgspec.structs.replace(
        a_series(windows),
        t_s=[0.5 * (n + 1) for n in range(windows)],
        warming=[n < 4 for n in range(windows)],
        throughput_fps=[rate * factor * (0.8 if n < 4 else 1) for n, factor in enumerate(shape)],
        p50_ms=[1000 / rate / factor for factor in shape],
        p99_ms=[1400 / rate * factor for factor in shape],
        disturbed=[n in (9, 10) for n in range(windows)],
    )


def histogram(ms: float) -> Histogram:
    edges = [int(ms * 1e6 * (0.9 + 0.01 * n)) for n in range(41)]
    return Histogram(
        lower_ns=edges[:-1], upper_ns=edges[1:], counts=[1 + int(400 / (1 + (n - 10) ** 2)) for n in range(40)]
    )


class Scripted:
    """A job whose process is this one, and whose events the test writes."""

    def __init__(self, store: Store, model: Model = RESNET, job_id: str = "live000000", **spec: Any) -> None:
        self.spec = Spec(model=model.id, **{"mode": "throughput", **spec})
        self.run = a_run(job_id, model, spec=self.spec, created=NOW + 90_000)
        store.models.save(model)
        pid = os.getpid()
        job = Job(
            id=job_id, kind="run", status="queued", folder="", created=NOW + 90_000, pid=pid,
            pid_started=liveness.started(pid), model=model.id,
        )  # fmt: skip
        self._writer = EventWriter(JobFolder.create(RunJobSpec(id=job_id, model=model, spec=self.spec)))
        self._store = store
        store.runs.create(self.run, job)

    def tell(self, event: events.AnyEvent) -> None:
        self._writer.write(event)

    def start(self) -> None:
        self._store.jobs.set_status(self.run.id, "running", started=NOW + 90_001)
        self.tell(events.Started(pid=os.getpid(), environment=an_environment()))
        for name in ("reading", "compiling", "filling"):
            self.tell(events.PhaseBegan(phase=Phase(name=name)))
        self.tell(events.Loaded(effective=an_effective(), read_ms=5, compile_ms=80, first_inference_ms=9))
        self.tell(events.PhaseBegan(phase=Phase(name="warming")))

    def measure(self, windows: int = 20, *, warm: int = 4, disturbed: str | None = None) -> None:
        """Half-second windows; the interval narrows with the square root of time."""
        for n in range(1, windows + 1):
            warming = n <= warm
            doubt = 0.08 / max(1, n - warm) ** 0.5
            rate = 190.0 * (1 + 0.02 * ((7 * n) % 5 - 2)) * (0.8 if warming else 1)
            self.tell(
                events.Window(
                    t_s=n / 2, warming=warming, throughput_fps=rate, inferences=int(rate / 2), p50_ms=10.4,
                    p99_ms=14.0 + n % 3, eta_s=None if warming else max(0.0, 12 - n / 2),
                    estimate=None if warming else Estimate(
                        mean=190.0, ci95=(190 * (1 - doubt), 190 * (1 + doubt)), converged=False),
                    median_ms=None if warming else 10.4, progress=None if warming else (n - warm) / 40,
                    cpu_percent=198.0, rss_mb=153.8, speed=0.99, temperature_c=61.0, frequency_mhz=2400.0,
                    disturbed=disturbed if n == windows else None,
                    histogram=histogram(10.4) if n == windows and not warming else None,
                    result=a_result(190.0) if n == windows and not warming else None,
                )
            )  # fmt: skip
            if n == warm:
                self.tell(events.PhaseBegan(phase=Phase(name="measuring")))

    def end(self, status: Any = "done") -> None:
        self._store.runs.finish(
            self.run.id, status, finished=NOW + 90_020, result=a_result(190.0), series=series(190.0),
            histogram=histogram(5.2),
        )  # fmt: skip
        self.tell(events.Ended(status=status))

    def close(self) -> None:
        self._writer.close()


@pytest.fixture
def scripted(store: Store) -> Iterator[Callable[..., Scripted]]:
    made: list[Scripted] = []

    def make(**options: Any) -> Scripted:
        made.append(Scripted(store, **options))
        return made[-1]

    yield make
    for one in made:
        one.close()
        with contextlib.suppress(Exception):  # `home` would kill the process of what is left running: this one
            store.runs.finish(one.run.id, "cancelled", finished=NOW)
