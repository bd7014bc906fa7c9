"""Two runs beside each other, criterion by criterion: settings, then figures with their doubt and ratio."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import NamedTuple

from ovtui import formatting
from ovtui.records import Estimate, Result, Run


class Line(NamedTuple):
    """One criterion; `ratio` is B over A, None where there is none. Texts are raw."""

    key: str
    title: str
    a: str
    b: str
    ratio: float | None = None
    figure_a: float | None = None  # the numbers behind the texts, in the unit of the title
    figure_b: float | None = None
    weak_a: bool = False  # too few independent inferences beyond it
    weak_b: bool = False


def lines(a: Run, b: Run) -> list[Line]:
    """Settings as they were measured with, then figures; each run's own doubt beside it where it is known."""
    found = [Line(key, key, get(a), get(b)) for key, get in _SETTINGS]
    for key, title, figure, show in _FIGURES:
        left, right = figure(a), figure(b)
        ratio = right / left if left and right else None
        weak = (_is_weak(run, key) for run in (a, b))
        found.append(Line(key, title, show(a, left), show(b, right), ratio, left, right, *weak))
    return found


def weak_means(found: Iterable[Line]) -> str:
    """What the mark before a weak figure means, if any of these has it; else nothing."""
    return formatting.WEAK_MEANS if any(line.weak_a or line.weak_b for line in found) else ""


def _is_weak(run: Run, key: str) -> bool:
    return run.result is not None and key in run.result.latency_ms.weak


def _effective(name: str) -> Callable[[Run], str]:
    def get(run: Run) -> str:
        value = getattr(run.effective, name, None)
        return formatting.NOTHING if value is None else str(value)

    return get


Figure = Callable[[Run], float | None]
Show = Callable[[Run, float | None], str]


def _of_result(get: Callable[[Result], float | None]) -> Figure:
    return lambda run: get(run.result) if run.result is not None else None


def _percentile(name: str) -> tuple[str, str, Figure, Show]:
    def get(run: Run) -> float | None:
        value: float | None = getattr(run.result.latency_ms, name) if run.result is not None else None
        return value

    def show(run: Run, value: float | None) -> str:
        if run.result is None or not value:
            return formatting.number(value)
        latency = run.result.latency_ms
        text, interval = formatting.percentile(latency, name), latency.interval(name)
        if interval is None:
            return text
        return f"{text} {formatting.half_width(Estimate(mean=value, ci95=interval, converged=True))}"

    return name, f"latency {name}, ms", get, show


def _throughput(run: Run, value: float | None) -> str:
    if run.result is None:
        return formatting.number(value)
    return f"{formatting.number(value)} {formatting.half_width(run.result.throughput_fps)}"


def _number(_: Run, value: float | None) -> str:
    return formatting.number(value)


def _size(_: Run, value: float | None) -> str:
    return formatting.number(value) if value is None else formatting.size(value)


_SETTINGS: tuple[tuple[str, Callable[[Run], str]], ...] = (
    ("model", lambda run: run.model.name),
    ("when", lambda run: formatting.when(run.created)),
    ("mode", lambda run: run.spec.mode),
    ("device", lambda run: run.spec.device),
    ("batch", _effective("batch")),
    ("streams", _effective("streams")),
    ("threads", _effective("threads")),
    ("requests", _effective("requests")),
    ("precision", _effective("precision")),
    ("status", lambda run: run.status),
)

_FIGURES: tuple[tuple[str, str, Figure, Show], ...] = (
    ("throughput", "throughput, FPS", _of_result(lambda result: result.throughput_fps.mean), _throughput),
    *(_percentile(name) for name in ("p50", "p90", "p95", "p99")),
    ("mean", "latency mean, ms", _of_result(lambda result: result.latency_ms.mean), _number),
    ("compile", "compile, ms", _of_result(lambda result: result.compile_ms), _number),
    ("first-inference", "first inference, ms", _of_result(lambda result: result.first_inference_ms), _number),
    ("read", "read, ms", _of_result(lambda result: result.read_ms), _number),
    ("memory", "peak memory, MB", _of_result(lambda result: result.peak_rss_mb), _number),
    ("size", "size on disk", lambda run: float(run.model.bytes), _size),
    ("cpu", "CPU, % of a core", _of_result(lambda result: result.cpu_percent), _number),
)
