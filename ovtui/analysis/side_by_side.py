"""Two recorded runs beside each other: what differs in their circumstances, then their figures and ratios."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from ovtui import words
from ovtui.records import Environment, Run


class Line(NamedTuple):
    """One criterion; `ratio` is B over A, None where there is none."""

    title: str
    a: str
    b: str
    ratio: float | None = None


CAUTION = (
    "They were measured at different times. On a busy machine the same load differs by 2 to 8 % from one time to the "
    "next: a ratio nearer to 1 than that decides nothing."
)


def differences(a: Run, b: Run) -> list[str]:
    """What was not the same when they were measured, in sentences; nothing of the specs, which are shown."""
    if a.environment is None or b.environment is None:
        return []
    found = []
    for name, title in (("host", "machine"), ("cpu", "processor"), ("openvino", "OpenVINO"), ("governor", "governor"),
                        ("kernel", "kernel"), ("cores", "usable cores"), ("ovtui", "ovtui")):  # fmt: skip
        left, right = _of(a.environment, name), _of(b.environment, name)
        if left != right:
            found.append(f"Different {title}: {left} and {right}.")
    return found


def lines(a: Run, b: Run) -> list[Line]:
    """Settings, then figures; each run's own doubt beside its mean."""
    found = [
        Line(title, get(a), get(b))
        for title, get in (
            ("model", lambda run: run.model.name),
            ("when", lambda run: words.when(run.created)),
            ("mode", lambda run: run.spec.mode),
            ("device", lambda run: run.spec.device),
            ("batch", lambda run: _setting(run, "batch")),
            ("streams", lambda run: _setting(run, "streams")),
            ("requests", lambda run: _setting(run, "requests")),
            ("precision", lambda run: _setting(run, "precision")),
            ("status", lambda run: run.status),
        )
    ]
    for title, figure in _FIGURES:
        left, right = figure(a), figure(b)
        found.append(
            Line(title, _text(a, title, left), _text(b, title, right), right / left if left and right else None)
        )
    return found


def _text(run: Run, title: str, value: float | None) -> str:
    doubt = f" {words.doubt(run.result.throughput_fps)}" if title.startswith("throughput") and run.result else ""
    return words.number(value) + doubt


def _setting(run: Run, name: str) -> str:
    value = getattr(run.effective, name, None)
    return words.NOTHING if value is None else str(value)


def _of(machine: Environment, name: str) -> str:
    return str(getattr(machine, name) or "unknown")


Figure = Callable[[Run], float | None]

_FIGURES: tuple[tuple[str, Figure], ...] = (
    ("throughput, FPS", lambda run: run.result.throughput_fps.mean if run.result else None),
    ("latency p50, ms", lambda run: run.result.latency_ms.p50 if run.result else None),
    ("latency p90, ms", lambda run: run.result.latency_ms.p90 if run.result else None),
    ("latency p99, ms", lambda run: run.result.latency_ms.p99 if run.result else None),
    ("compile, ms", lambda run: run.result.compile_ms if run.result else None),
    ("first inference, ms", lambda run: run.result.first_inference_ms if run.result else None),
    ("peak memory, MB", lambda run: run.result.peak_rss_mb if run.result else None),
)
