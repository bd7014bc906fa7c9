"""Two runs beside each other, criterion by criterion."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from ovtui.analysis.comparison.criteria import Line, lines, weak_means
from ovtui.records import Run
from tests.store.samples import a_model, a_result, a_run, an_effective, an_environment
from tests.weak import WEAK


def done(throughput: float = 100.0, model: Any = None, **result: Any) -> Run:
    found = msgspec.structs.replace(a_result(throughput), **result)
    return a_run(
        model=model or a_model(), status="done", result=found, effective=an_effective(), environment=an_environment()
    )


def by_title(a: Run, b: Run) -> dict[str, Line]:
    return {line.title: line for line in lines(a, b)}


def test_figures_stand_beside_each_other_with_their_ratio() -> None:
    found = by_title(done(), done(50.0, read_ms=4.0, compile_ms=90.0))
    line = found["throughput, FPS"]
    assert (line.ratio, line.figure_a, line.figure_b) == (pytest.approx(0.5), 100.0, 50.0)
    assert line.a == "100.0 ±1.0 %"
    assert (found["mode"].ratio, found["mode"].figure_a) == (None, None)
    assert (found["batch"].a, found["threads"].a) == ("4", "2")


def test_every_criterion_is_there() -> None:
    rich = done(
        compile_ms=90.0, first_inference_ms=12.0, read_ms=4.0, peak_rss_mb=200.0, cpu_percent=190.0,
    )  # fmt: skip
    found = by_title(rich, rich)
    figures = {
        "throughput, FPS", "latency p50, ms", "latency p90, ms", "latency p95, ms", "latency p99, ms",
        "latency mean, ms", "compile, ms", "first inference, ms", "read, ms", "peak memory, MB", "size on disk",
        "CPU, % of a core",
    }  # fmt: skip
    assert {title for title, line in found.items() if line.ratio == 1.0} == figures


def test_a_version_is_smaller_on_disk() -> None:
    line = by_title(done(), done(model=a_model("m2", bytes=25_500_000)))["size on disk"]
    assert (line.a, line.b, line.ratio) == ("102.0 MB", "25.5 MB", pytest.approx(0.25))


def test_a_percentile_has_its_doubt_where_it_is_known() -> None:
    latency = msgspec.structs.replace(a_result().latency_ms, ci95={"p50": (9.4, 10.4)})
    line = by_title(done(), done(latency_ms=latency))["latency p50, ms"]
    assert (line.a, line.b) == ("9.90", "9.90 ±5.1 %")


def test_a_run_without_a_result_has_dashes() -> None:
    found = by_title(done(), a_run(status="failed"))
    for title, line in found.items():
        if line.figure_a is not None and title != "size on disk":
            assert (line.b, line.ratio) == ("–", None)
    assert found["batch"].b == "–"


def test_a_percentile_that_the_sample_does_not_support_has_no_ratio() -> None:
    latency = msgspec.structs.replace(a_result().latency_ms, p99=None)
    line = by_title(done(), done(latency_ms=latency))["latency p99, ms"]
    assert (line.b, line.ratio) == ("–", None)


def test_a_weak_percentile_is_marked_and_has_its_ratio() -> None:
    found = lines(done(), done(latency_ms=WEAK))
    named = {line.title: line for line in found}
    p95, p99, p50 = (named[f"latency {name}, ms"] for name in ("p95", "p99", "p50"))
    assert (p95.b, p99.b, p50.b) == ("≈13.00 ±17.3 %", "≈15.00", "10.00 ±5.0 %")
    assert (p95.weak_a, p95.weak_b, p50.weak_b) == (False, True, False)
    assert p99.ratio == pytest.approx(15 / 14)
    assert weak_means(found).startswith("≈ rough value")
    assert weak_means(lines(done(), done())) == ""
