"""Made-up optimizations: a parent of 100 MB, a version of 25, and what was measured of both."""

from __future__ import annotations

from typing import Any

import msgspec

from ovtui.analysis.accuracy.proportions import drop_of, proportion
from ovtui.analysis.optimization.outcome import Outcome, outcome
from ovtui.records import (
    Accuracy,
    Candidate,
    Comparison,
    Criterion,
    Labelled,
    Optimization,
    OutputAgreement,
    PairedResult,
    Recipe,
    Run,
    Spec,
    Verdict,
)
from tests.store.samples import NOW, a_model, a_result, a_run

PARENT = a_model("parent0001", name="net", bytes=100_000_000)
VERSION = a_model("version001", name="net-int8", bytes=25_000_000, parent=PARENT.id, family=PARENT.family)


def an_optimization(recipe: Recipe | None = None, **other: Any) -> Optimization:
    settings: dict[str, Any] = {"status": "done", "version": VERSION, "samples": 300}
    return Optimization(
        id=other.pop("id", "o0optimize"), label=None, parent=other.pop("parent", PARENT), recipe=recipe or Recipe(),
        spec=Spec(model=PARENT.id), created=NOW, **(settings | other),
    )  # fmt: skip


def a_paired_result(
    ratio: float = 1.83, width: float = 0.02, verdict: Verdict | None = None, **other: Any
) -> PairedResult:
    surely = "faster" if ratio * (1 - width) > 1.01 else "slower" if ratio * (1 + width) < 0.99 else "undecided"
    interval = (ratio * (1 - width), ratio * (1 + width))
    return PairedResult(verdict=verdict or surely, ratio=ratio, ci95=interval, ci90=interval, **other)  # type: ignore[arg-type]


def a_comparison(criterion: Criterion, duel: PairedResult | None) -> Comparison:
    sides = tuple(
        Candidate(model=model, spec=Spec(model=model.id, mode=criterion), run=f"{criterion}-{side}")
        for side, model in (("a", PARENT), ("b", VERSION))
    )
    return Comparison(
        id=f"c-{criterion}", status="done", label=None, criterion=criterion, sides=sides, created=NOW,
        duels=() if duel is None else (duel,),
    )  # fmt: skip


def both_runs(criterion: Criterion, ratio: float = 1.83, **version: Any) -> dict[str, Run]:
    """Of a comparison; `version`: of the version's result."""
    measured = {"compile_ms": 400.0, "peak_rss_mb": 300.0}
    results = (
        msgspec.structs.replace(a_result(100.0), **measured),
        msgspec.structs.replace(a_result(100.0 * ratio), **(measured | version)),
    )
    runs = zip("ab", (PARENT, VERSION), results, strict=True)
    return {f"{criterion}-{side}": a_run(f"{criterion}-{side}", model, result=result) for side, model, result in runs}


def labelled(lost: int, gained: int, of: int, right: int | None = None) -> Labelled:
    right = of - gained if right is None else right
    drop, interval = drop_of(lost, gained, of)
    return Labelled(
        parent_top1=proportion(right, of),
        version_top1=proportion(right - lost + gained, of),
        drop=drop,
        drop_ci95=interval,
    )


def an_output(
    name: str = "logits",
    sqnr_db: float | None = 30.0,
    same: tuple[int, int] | None = None,
    cosine: float | None = 0.998,
    max_abs: float = 0.1,
) -> OutputAgreement:
    return OutputAgreement(
        output=name, cosine=cosine, sqnr_db=sqnr_db, max_abs=max_abs, top1=None if same is None else proportion(*same)
    )


def an_accuracy(found: Labelled | None = None, *outputs: OutputAgreement, **other: Any) -> Accuracy:
    samples = other.pop("samples", found.parent_top1.of if found else 200)
    return Accuracy(samples=samples, labelled=found, outputs=outputs or (an_output(),), **other)


def an_outcome(
    latency: PairedResult | None = None,
    throughput: PairedResult | None = None,
    recipe: Recipe | None = None,
    **other: Any,
) -> Outcome:
    """With comparisons of those duels and their runs."""
    return outcome(
        an_optimization(recipe, **other),
        None if latency is None else a_comparison("latency", latency),
        None if throughput is None else a_comparison("throughput", throughput),
        both_runs("latency") | both_runs("throughput"),
    )
