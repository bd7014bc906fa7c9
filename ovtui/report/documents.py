"""Records as the JSON documents that scripts depend on: units in the names, null for what is not known."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import msgspec

from ovtui import formatting, sentences
from ovtui.records import (
    Accuracy,
    Candidate,
    Comparison,
    Criterion,
    Exploration,
    LayerDifferences,
    Model,
    Optimization,
    PairedResult,
    Profile,
    Run,
)
from ovtui.report.exported import Exported

if TYPE_CHECKING:
    from ovtui.analysis.comparison.ranking import Ranking
    from ovtui.analysis.optimization.layer_outcomes import Fate


def model_document(model: Model) -> dict[str, Any]:
    """A model, whole."""
    document: dict[str, Any] = msgspec.to_builtins(model)
    return document


def run_document(run: Run) -> dict[str, Any]:
    """A run: the spec with the values it was measured with, `auto` naming those that the device chose."""
    spec: dict[str, Any] = msgspec.to_builtins(run.spec)
    del spec["model"]
    spec["auto"] = [key for key in ("batch", "streams", "threads", "requests", "precision") if spec[key] is None]
    spec["requested_properties"] = spec.pop("properties")
    spec["properties"] = spec["requested_properties"]
    if run.effective is not None:
        spec |= msgspec.to_builtins(run.effective)
    return {
        "id": run.id,
        "status": run.status,
        "label": run.label,
        "created": run.created,
        "started": run.started,
        "finished": run.finished,
        "model": _model_in_short(run.model),
        "spec": spec,
        "result": msgspec.to_builtins(run.result),
        "environment": msgspec.to_builtins(run.environment),
        "warnings": sentences.remarks(run.warnings),
        "error": run.error,
    }


def exploration_document(exploration: Exploration, runs: Sequence[Run]) -> dict[str, Any]:
    """An exploration: the best, the runs as whole documents, the front, and what came of each setting or rate."""
    best = next((run for run in runs if run.id == exploration.best), None)
    documents = [run_document(run) for run in runs]
    spec: dict[str, Any] = msgspec.to_builtins(exploration.spec)
    del spec["model"]
    return {
        "id": exploration.id,
        "status": exploration.status,
        "label": exploration.label,
        "created": exploration.created,
        "finished": exploration.finished,
        "model": _model_in_short(exploration.model),
        "spec": spec,
        "grid": msgspec.to_builtins(exploration.grid),
        "limits": msgspec.to_builtins(exploration.limits),
        "best": None if best is None else _best(run_document(best)),
        "runs": documents,
        "pareto": list(exploration.pareto),
        "cells": msgspec.to_builtins(exploration.cells),
        "loads": msgspec.to_builtins(exploration.loads),
        "capacity_per_s": exploration.capacity,
        "elapsed_s": exploration.elapsed_s,
        "eta_s": exploration.eta_s,
        "environment": msgspec.to_builtins(exploration.environment),
        "warnings": sentences.remarks(exploration.warnings),
        "error": exploration.error,
    }


def _best(run: dict[str, Any]) -> dict[str, Any]:
    return {key: run[key] for key in ("id", "spec", "result")}


def comparison_document(
    comparison: Comparison, sides: Sequence[Exported | None], said: str | None = None
) -> dict[str, Any]:
    """A comparison: B against A as `duel_document` has it, and every further side in `duels`.

    `sides`: what each was measured as, in their order; None: there is no run of it. `said`: what is said of two runs
    as they were recorded, in place of the sentence on turns.
    """
    documents = [
        _side_document(side) if kept is None else run_document(kept.run)
        for side, kept in zip(comparison.sides, sides, strict=True)
    ]
    duels = [
        duel_document(duel, sides[0], sides[place], comparison.layers_of(place))
        for place, duel in enumerate(comparison.duels[: len(sides) - 1], 1)
    ]
    if said is not None:
        duels = [{**duel, "sentence": said} for duel in duels]
    first = duels[0] if duels else duel_document(PairedResult(verdict="undecided"), None, None)
    return {
        "id": comparison.id,
        "status": comparison.status,
        "label": comparison.label,
        "criterion": criterion(comparison, said),
        "created": comparison.created,
        "finished": comparison.finished,
        "a": documents[0] if documents else None,
        "b": documents[1] if len(documents) > 1 else None,
        **first,
        "sides": documents,
        "duels": duels,
        "pairs": comparison.pairs,
        "elapsed_s": comparison.elapsed_s,
        "eta_s": comparison.eta_s,
        "environment": msgspec.to_builtins(comparison.environment),
        "warnings": sentences.remarks(comparison.warnings),
        "error": comparison.error,
    }


def criterion(comparison: Comparison, said: str | None) -> Criterion | None:
    """What decided. None of runs as they were recorded, of which that is `said`, where nothing judges both."""
    judged = said is None or any(duel.ratio is not None for duel in comparison.duels)
    return comparison.criterion if judged else None


def optimization_document(
    optimization: Optimization,
    latency: Comparison | None,
    throughput: Comparison | None,
    runs: Mapping[str, Exported],
) -> dict[str, Any]:
    """A version and what it gained and cost. `runs`: those of the sides of both comparisons, by id.

    `size_ratio` is the version's bytes over the parent's; `speedup` the version's speed over the parent's, in
    throughput where that is known.
    """
    from ovtui.analysis.optimization.layer_outcomes import fates
    from ovtui.analysis.optimization.outcome import outcome

    found = outcome(optimization, latency, throughput, {run_id: each.run for run_id, each in runs.items()})
    parent, version = profiles(latency, throughput, runs)
    known = {"latency": found.latency, "throughput": found.throughput}
    first = next((duel for duel in (found.throughput, found.latency) if duel and duel.ratio is not None), None)
    return {
        "id": optimization.id,
        "status": optimization.status,
        "label": optimization.label,
        "created": optimization.created,
        "finished": optimization.finished,
        "verdict": found.verdict,
        "version": None if optimization.version is None else model_document(optimization.version),
        "parent": model_document(optimization.parent),
        "recipe": msgspec.to_builtins(optimization.recipe),
        "preprocessing": msgspec.to_builtins(optimization.preprocessing),
        "samples": optimization.samples,
        "skipped": list(optimization.skipped),
        "size_ratio": None if found.size_ratio is None else 1 / found.size_ratio,
        "speedup": {
            "ratio": None if first is None else first.ratio,
            "ci95": None if first is None else _pair(first.ci95),
        }
        | {name: None if duel is None else _raced(duel) for name, duel in known.items()},
        "nncf": optimization.nncf,
        "accuracy": None if optimization.accuracy is None else _accuracy(optimization.accuracy),
        "layers": []
        if parent is None or version is None
        else [_fate(each) for each in fates(parent, version, optimization.recipe)],
        "comparisons": {"latency": optimization.latency, "throughput": optimization.throughput},
        "elapsed_s": optimization.elapsed_s,
        "eta_s": optimization.eta_s,
        "environment": msgspec.to_builtins(optimization.environment),
        "warnings": sentences.remarks(optimization.warnings),
        "error": optimization.error,
    }


def profiles(
    latency: Comparison | None, throughput: Comparison | None, runs: Mapping[str, Exported]
) -> tuple[Profile | None, Profile | None]:
    """Of parent and version, from the first comparison that has both."""
    for study in (latency, throughput):
        kept = [runs.get(side.run or "") for side in study.sides[:2]] if study is not None else []
        found = [None if each is None else each.profile for each in kept]
        if len(found) == 2 and None not in found:
            return found[0], found[1]
    return None, None


def _accuracy(accuracy: Accuracy) -> dict[str, Any]:
    """With names for what the record keeps by place."""
    told: dict[str, Any] = msgspec.to_builtins(accuracy)
    return told | {"drift": [msgspec.structs.asdict(each) for each in accuracy.drift]}


def _fate(found: Fate) -> dict[str, Any]:
    return {
        "name": found.name,
        "type": found.type,
        "precision_before": found.precision_before,
        "precision_after": found.precision_after,
        "time_before_us": found.time_before,
        "time_after_us": found.time_after,
        "share": found.share,
        "int8": found.int8,
        "conversion": found.conversion,
        "why": found.why,
        "original_names": list(found.operations),
    }


def _raced(duel: PairedResult) -> dict[str, Any]:
    return {"verdict": duel.verdict, "ratio": duel.ratio, "ci95": _pair(duel.ci95)}


def duel_document(
    duel: PairedResult, a: Exported | None, b: Exported | None, layers: LayerDifferences | None = None
) -> dict[str, Any]:
    """B against A: the verdict and what speaks for it, what was different, criteria, and of the layers what is known
    of their differences.
    """
    from ovtui.analysis.comparison import confounders, layer_explanation, paired

    known = a is not None and b is not None
    explained = layer_explanation.explanation(a and a.profile, b and b.profile, duel.verdict, layers)
    return {
        "verdict": duel.verdict,
        "ratio": duel.ratio,
        "ci95": _pair(duel.ci95),
        "ci90": _pair(duel.ci90),
        "seconds_more": duel.seconds_more,
        "ratios": list(duel.ratios),
        "sentence": paired.sentence(duel),
        "differences": confounders.differences(a.run, b.run) if a is not None and b is not None else [],
        "criteria": [] if a is None or b is None else _criteria(a.run, b.run),
        "explanation": explained.text if known else None,
        "not_attributable": None
        if explained.rest_us is None
        else {"delta_us": explained.rest_us, "ci95": _pair(explained.rest_ci95)},
        "layers_interleaved": 0 if layers is None else layers.instances,
        "layers": [
            {
                "name": row.name,
                "type_a": row.types[0],
                "type_b": row.types[1],
                "precision_a": row.precisions[0],
                "precision_b": row.precisions[1],
                "kernel_a": row.kernels[0],
                "kernel_b": row.kernels[1],
                "time_a_us": row.time_a,
                "time_b_us": row.time_b,
                "delta_us": row.delta,
                "ratio": row.ratio,
                "share_of_difference": row.share_of_difference,
                "decisive": place in explained.marked,
                "ci95": _pair(explained.interval(place)),
                "significant": place in explained.marked,
            }
            for place, row in enumerate(explained.rows or ())
        ],
    }


def ranking_document(found: Ranking, runs: Sequence[Run]) -> dict[str, Any]:
    """More than two runs, best first; `ratio` is a run's speed over the best one's."""
    from ovtui.analysis.comparison import ranking

    return {
        "by": found.by,
        "sentence": ranking.sentence(found),
        "ranking": [
            {
                "rank": place.rank,
                "alike": place.alike,
                "figure": place.figure,
                "ci95": _pair(place.ci95),
                "ratio": place.ratio,
                "ratio_ci95": _pair(place.ratio_ci95),
                "run": run_document(runs[place.place]),
            }
            for place in found.places
        ],
    }


_OWN_TITLES = {"size on disk": "size on disk, bytes"}
"""Where the text has its unit, and the number has none."""


def _criteria(a: Run, b: Run) -> list[dict[str, Any]]:
    """Numbers where there are some, null for what is not known. When it was, the runs' own documents say."""
    from ovtui.analysis.comparison import criteria

    return [
        {
            "title": _OWN_TITLES.get(line.title, line.title),
            "a": _value(line.figure_a, line.a),
            "b": _value(line.figure_b, line.b),
            "ratio": line.ratio,
            "weak_a": line.weak_a,
            "weak_b": line.weak_b,
        }
        for line in criteria.lines(a, b)
        if line.key != "when"
    ]


def _value(figure: float | None, text: str) -> float | str | None:
    if figure is not None:
        return figure
    return None if text == formatting.NOTHING else text


def _pair(interval: tuple[float, float] | None) -> list[float] | None:
    return None if interval is None else list(interval)


def _side_document(side: Candidate) -> dict[str, Any]:
    """Of one that was never measured: nothing but what was asked for."""
    spec: dict[str, Any] = msgspec.to_builtins(side.spec)
    del spec["model"]
    return {"id": side.run, "model": _model_in_short(side.model), "spec": spec}


def _model_in_short(model: Model) -> dict[str, Any]:
    return {
        "id": model.id,
        "name": model.name,
        "path": model.path,
        "sha256": model.sha256,
        "format": model.format,
    }
