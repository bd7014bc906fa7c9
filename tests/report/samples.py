"""Made-up runs, comparisons and explorations, and names that no format may take for markup."""

from __future__ import annotations

from typing import Any

import msgspec

from ovtui.records import (
    Candidate,
    Cell,
    Comparison,
    Estimate,
    Exploration,
    Grid,
    Latency,
    Limits,
    Model,
    PairedResult,
    Profile,
    RatePoint,
    Series,
    Setting,
    Spec,
)
from ovtui.report.exported import Exported
from tests.analysis.profiles import a_layer, a_profile
from tests.profiled import HOSTILE_NAMES, MIXNET, mixnet
from tests.store.samples import NOW, a_histogram, a_model, a_result, a_run, an_effective, an_environment

HOSTILE = (
    *HOSTILE_NAMES,
    "<script>alert(1)</script>",
    '" onmouseover="alert(1)',
    "' onfocus='alert(1)",
    "]]><svg onload=alert(1)>",
    "</title></style></svg></td></pre><img src=x onerror=alert(1)>",
    "a | b | c",
    "\\| \\",
    "`code` ``` ~~~",
    "one\n\n# two\n- three\n\n| a | b |\n| - | - |",
    "# heading",
    "- item",
    "1. item",
    "=cmd()|' /C calc'!A0",
    "+1+cmd()",
    "-2+3",
    "@SUM(1)",
    "\t=1+1",
    "[link](javascript:alert(1))",
    "![image](http://example.com/x.png)",
    "http://example.com <http://example.com> www.example.com",
    "&lt;b&gt; &amp; &#60;",
    "*bold* _it_ __b__ ~~gone~~",
    "</script>",
    "$x$ {: onclick=alert(1)}",
    "    indented",
    "---",
    "===",
)


def a_curve(windows: int = 40) -> Series:
    """The first ten windows warm up; p99 is not known in them."""
    return Series(
        t_s=[0.25 * (n + 1) for n in range(windows)],
        warming=[n < 10 for n in range(windows)],
        throughput_fps=[180.0 + n % 5 for n in range(windows)],
        p50_ms=[5.0 + 0.1 * (n % 3) for n in range(windows)],
        p99_ms=[None if n < 10 else 8.0 for n in range(windows)],
        cpu_percent=[180.0] * windows,
        rss_mb=[300.0] * windows,
        frequency_mhz=[None] * windows,
        temperature_c=[None] * windows,
        speed=[1.0] * windows,
        disturbed=[20 <= n < 24 for n in range(windows)],
    )


def an_exported(run_id: str = "run0000001", throughput: float = 190.0, **other: Any) -> Exported:
    """A finished run with everything that is kept."""
    profile: Profile | None = other.pop("profile", mixnet())
    settings: dict[str, Any] = {
        "status": "done",
        "created": NOW,
        "effective": an_effective(),
        "environment": an_environment(),
        "result": a_result(throughput),
    }
    run = a_run(run_id, other.pop("model", MIXNET), **{**settings, **other})
    return Exported(run, a_curve(), a_histogram(), profile)


def a_hostile_model(name: str) -> Model:
    return a_model("hostile001", name=name, path=f"/models/{name}", notes=(name,))


def a_hostile_run(name: str, run_id: str = "run0000001") -> Exported:
    """Everything in it that comes from outside has that name."""
    layers = a_profile(
        a_layer(name, name, 40.0, kernel=name, precision=name, original=(name,)),
        a_layer("conv", "Convolution", 60.0),
        latency_us=110.0,
        notes=(name,),
    )
    effective = msgspec.structs.replace(
        an_effective(), inputs={name: name}, layouts={name: "NCHW"}, properties={name: name}, device_name=name
    )
    machine = msgspec.structs.replace(an_environment(), host=name, cpu=name, governor=name)
    spec = Spec(model="hostile001", device=name or "CPU", properties={name: name})
    return an_exported(
        run_id,
        model=a_hostile_model(name),
        label=name,
        spec=spec,
        effective=effective,
        environment=machine,
        warnings=(name,),
        profile=layers,
    )


def a_cell(batch: int, streams: int, fps: float | None = None, p50: float = 10.0, **other: Any) -> Cell:
    """Measured if it has a throughput."""
    setting = Setting(batch=batch, streams=streams)
    if fps is None:
        return Cell(setting=setting, **other)
    return Cell(
        setting=setting,
        **{
            "state": "measured",
            "run": f"cell{batch:03}x{streams:02}",
            "throughput_fps": Estimate(mean=fps, ci95=(fps * 0.98, fps * 1.02), converged=True),
            "latency_ms": a_latency(p50),
            "peak_rss_mb": 200.0 + batch,
            **other,
        },
    )


def a_latency(p50: float) -> Latency:
    return Latency(
        mean=p50, min=p50 * 0.8, p50=p50, p90=p50 * 1.2, p95=p50 * 1.3, p99=p50 * 1.5, p99_9=None, max=p50 * 3,
        ci95={"p50": (p50 * 0.97, p50 * 1.03), "p99": (p50 * 1.4, p50 * 1.7)},
    )  # fmt: skip


def an_exploration(**other: Any) -> Exploration:
    """Nine cells: one failed, one not measured, one from an earlier run; 4 × 2 is the best within 30 ms."""
    cells = (
        a_cell(1, 1, 90.0, 11.0), a_cell(1, 2, 120.0, 16.5), a_cell(1, 4, 118.0, 33.0),
        a_cell(4, 1, 130.0, 30.5, state="reused"), a_cell(4, 2, 171.25, 28.25, rounds=5), a_cell(4, 4, 165.0, 97.0),
        a_cell(16, 1, 140.0, 114.0), a_cell(16, 2), a_cell(16, 4, state="failed", reason="Out of memory."),
    )  # fmt: skip
    plain = Exploration(
        id="explore001",
        status="done",
        label="nightly",
        model=MIXNET,
        spec=Spec(model=MIXNET.id, mode="manual"),
        grid=Grid(batches=(1, 4, 16), streams=(1, 2, 4)),
        limits=Limits(latency_ms=30.0),
        created=NOW,
        cells=cells,
        best="cell004x02",
        pareto=("cell001x01", "cell001x02", "cell004x02"),
        elapsed_s=61.0,
        finished=NOW + 61,
        environment=an_environment(),
        warnings=("Other processes used 12 % of the processor.",),
    )
    return msgspec.structs.replace(plain, **other)


def a_load(rate: float, p50: float, missed: float) -> RatePoint:
    return RatePoint(
        rate=rate,
        state="measured",
        run=f"load{rate:04.0f}00",
        latency_ms=a_latency(p50),
        missed=missed,
        missed_ci95=(missed * 0.8, missed * 1.2),
        kept=missed <= 0.01,
    )


def a_server_search(**other: Any) -> Exploration:
    """The highest rate with p99 ≤ 20 ms: 95 per second."""
    return an_exploration(
        **{
            "spec": Spec(model=MIXNET.id, mode="server", rate=95.0),
            "limits": Limits(latency_ms=20.0, percentile="p99"),
            "cells": (),
            "loads": (a_load(100.0, 14.0, 0.021), a_load(90.0, 8.0, 0.004), a_load(95.0, 10.5, 0.0075)),
            "best": "load009500",
            "pareto": (),
            **other,
        }
    )


def a_comparison(**other: Any) -> Comparison:
    """B is 1.25 × as fast as A."""
    other_model = a_model("mixnet0002", name="mixnet-int8", parent=MIXNET.id)
    plain = Comparison(
        id="compare001",
        status="done",
        label=None,
        criterion="throughput",
        sides=(
            Candidate(model=MIXNET, spec=Spec(model=MIXNET.id), run="run0000001"),
            Candidate(model=other_model, spec=Spec(model=other_model.id), run="run0000002"),
        ),
        created=NOW,
        duels=(
            PairedResult(
                verdict="faster", ratio=1.25, ci95=(1.21, 1.29), ci90=(1.22, 1.28), ratios=(1.24, 1.251, 1.22, 1.29)
            ),
        ),
        pairs=80,
        elapsed_s=24.0,
        finished=NOW + 30,
        environment=an_environment(),
        warnings=("The machine was busy.",),
    )
    return msgspec.structs.replace(plain, **other)


def a_quicker_profile() -> Profile:
    """The same net with its stem in half the time."""
    profile = mixnet()
    layers = tuple(
        msgspec.structs.replace(layer, time_us=210.0) if layer.name == "stem/Conv2D" else layer
        for layer in profile.layers
    )
    return msgspec.structs.replace(profile, layers=layers)


def two_sides() -> list[Exported]:
    return [
        an_exported("run0000001", 190.0),
        an_exported("run0000002", 237.5, model=a_comparison().sides[1].model, profile=a_quicker_profile()),
    ]
