"""Comparisons as text: what was different, the verdict, then criteria and layers."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple, get_args

import click

from ovtui import sentences
from ovtui.analysis.comparison import (
    attribution,
    confounders,
    criteria,
    layer_explanation,
    paired,
    ranking,
    run_scatter,
)
from ovtui.analysis.comparison import unpaired as apart
from ovtui.cli.output import document, eta, faint, field, strong, table
from ovtui.cli.show_run import exported
from ovtui.formatting import NOTHING, WEAK_MEANS, duration, number, percent, plural, rough, when
from ovtui.records import Comparison, Criterion, LayerDifferences, PairedResult, Profile, Run, RunFilter
from ovtui.report import summary
from ovtui.report.exported import Exported
from ovtui.report.files import write_comparison
from ovtui.sanitize import plain
from ovtui.store import Store

KEPT = "what it measured"
NAMES = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
_HISTORY = 500  # runs that tell how runs of one spec scatter


class View(NamedTuple):
    """How much of the layers is shown."""

    by: str = "layer"
    threshold_us: float = 0.0
    top: int = 12


def show(store: Store, study: Comparison, view: View = View()) -> None:  # noqa: B008
    """The verdict, and why."""
    runs = _runs(store, study)
    _comparison(study, runs, [store.runs.profile(run.id) if run else None for run in runs], view)


def progress(study: Comparison) -> str:
    """The ratio so far, and how long it still takes."""
    first = study.duels[0] if study.duels else None
    known = "" if first is None or first.ratio is None else f"B/A {first.ratio:.3f}"
    interval = "" if first is None or first.ci95 is None else f"({first.ci95[0]:.3f}–{first.ci95[1]:.3f})"
    return "  ".join(filter(None, (known, interval, eta(study.eta_s))))


def is_kept(study: Comparison) -> bool:
    return bool(study.duels) or any(side.run for side in study.sides)


def export(store: Store, study: Comparison, output: Path) -> None:
    write_comparison(output, study, sides(store, study))


def as_document(store: Store, study: Comparison) -> dict[str, object]:
    """A comparison for scripts."""
    from ovtui.report.documents import comparison_document

    return comparison_document(study, sides(store, study))


def sides(store: Store, study: Comparison) -> list[Exported | None]:
    """What each side was measured as."""
    return [None if run is None else exported(store, run) for run in _runs(store, study)]


def row(study: Comparison) -> tuple[str, ...]:
    """A line of the list."""
    sides = " / ".join(plain(side.model.name, 24) for side in study.sides)
    verdict = paired.sentence(study.duels[0]) if study.duels else NOTHING
    return study.id, when(study.created), sides, verdict, study.status, plain(study.label or "", 24)


def recorded(store: Store, a: Run, b: Run, *, as_json: bool, view: View, criterion: Criterion | None = None) -> None:
    """Two runs as they were recorded; judged by a criterion if one is asked for."""
    scatter = _scatter(store, (a, b), criterion)
    duel = apart.recorded(a, b, scatter, criterion)
    sentence = apart.sentence(duel, a, b, criterion)
    if as_json:
        from ovtui.report.documents import duel_document, run_document

        left, right = exported(store, a), exported(store, b)
        told = duel_document(duel, left, right, attribution.of_recorded(left.profile, right.profile, scatter))
        by = apart.wanted((a, b), criterion)
        judged = {"criterion": "latency" if by == "p50" else by, "sentence": sentence, "doubt": apart.rests_on(scatter)}
        document({"a": run_document(a), "b": run_document(b), **told, **judged})
        return
    _head((a, b))
    _different(a, b)
    field("verdict", strong(f"{sentence}."))
    field("doubt", apart.rests_on(scatter))
    if "server" not in (a.spec.mode, b.spec.mode):  # random arrivals do not take turns
        asked = "" if criterion is None else f" --criterion {criterion}"
        field("next", "Measure them in turn, which tells more:")
        field("", strong(f"ovtui compare --interleave {a.id} {b.id}{asked}"))
    click.echo()
    _criteria(a, b)
    profiles = store.runs.profile(a.id), store.runs.profile(b.id)
    _layers(*profiles, view, duel, attribution.of_recorded(*profiles, scatter))


def ranked(store: Store, runs: Sequence[Run], *, as_json: bool, criterion: Criterion | None = None) -> None:
    """More than two runs, by speed."""
    scatter = _scatter(store, runs, criterion)
    found = ranking.ranking(runs, scatter, criterion)
    if as_json:
        from ovtui.report.documents import ranking_document

        document(ranking_document(found, runs))
        return
    click.echo(strong(ranking.sentence(found)))
    title = "P50 MS" if found.by == "p50" else "FPS"
    table(
        ("", title, "95 % CI", "SPEED", "95 % CI OF IT", "MODEL", "MODE", "BATCH", "STREAMS", "RUN", "LABEL"),
        [
            (
                place.mark, rough(place.figure, weak=_is_weak(run, found.by)), _interval(place.ci95),
                NOTHING if place.ratio is None else f"{place.ratio:.3f}",
                "" if place.ratio_ci95 is None else f"{place.ratio_ci95[0]:.3f} – {place.ratio_ci95[1]:.3f}",
                plain(run.model.name, 30), run.spec.mode,
                str(run.effective.batch) if run.effective else "",
                str(run.effective.streams or "") if run.effective else "", run.id, plain(run.label or "", 24),
            )
            for place in found.places
            for run in (runs[place.place],)
        ],
        right=frozenset({title, "SPEED", "BATCH", "STREAMS"}),
        spare=("LABEL", "STREAMS", "BATCH", "MODE", "95 % CI"),
    )  # fmt: skip
    if any(_is_weak(run, found.by) for run in runs):
        click.echo(faint(WEAK_MEANS))
    click.echo(faint(apart.rests_on(scatter)))


def _is_weak(run: Run, by: apart.Basis | None) -> bool:
    return by == "p50" and run.result is not None and "p50" in run.result.latency_ms.weak


def _comparison(study: Comparison, runs: Sequence[Run | None], profiles: Sequence[Profile | None], view: View) -> None:
    for name, side, run in zip(NAMES, study.sides, runs, strict=False):
        told = summary.settings(run) if run else f"{plain(side.spec.device)}  {side.spec.mode}"
        click.echo(f"{strong(name)}  {plain(side.model.name, 60)}  {told}  {faint(run.id if run else '')}")
    first = runs[0]
    for b in runs[1:]:
        if first is not None and b is not None:
            _different(first, b)
    for name, duel in zip(NAMES[1:], study.duels, strict=False):
        field("verdict", strong(_verdict(duel, name)))
    if not study.duels:
        field("verdict", "nothing was measured")
    instances = len(study.duels[0].ratios) if study.duels else 0
    status = "" if study.status == "done" else f"  {study.status.upper()}"
    field(
        "measured",
        f"in turn, {plural(instances, 'start')} of each, {plural(study.pairs, 'turn')} of each, "
        f"{duration(study.elapsed_s)}; {study.criterion}  {faint(study.id)}{status}",
    )
    for warning in sentences.remarks(study.warnings):
        field("!", plain(warning))
    if first is None or len(runs) != 2 or runs[1] is None or not study.duels:
        return
    click.echo()
    _criteria(first, runs[1])
    _layers(profiles[0], profiles[1], view, study.duels[0], study.layers_of(1))


def _head(runs: Sequence[Run]) -> None:
    for name, run in zip(NAMES, runs, strict=False):
        click.echo(f"{strong(name)}  {plain(run.model.name, 60)}  {summary.settings(run)}  {faint(run.id)}")


def _different(a: Run, b: Run) -> None:
    told = confounders.differences(a, b)
    for sentence in told:
        field("!", sentence)
    related = confounders.models(a.model, b.model)
    if related is not None:
        field("models", related)
    asked = confounders.spec_differences(a.spec, b.spec)
    if asked:
        field("settings", " ".join(asked))


def _verdict(duel: PairedResult, b: str = "B") -> str:
    return f"{paired.sentence(duel, 'A', b)}."


def _criteria(a: Run, b: Run) -> None:
    found = criteria.lines(a, b)
    table(
        ("", "A", "B", "B / A"),
        [
            (line.title, plain(line.a, 40), plain(line.b, 40), "" if line.ratio is None else f"{line.ratio:.3f}")
            for line in found
        ],
        right=frozenset({"A", "B", "B / A"}),
    )
    weak = criteria.weak_means(found)
    if weak:
        click.echo(faint(weak))


def _layers(
    a: Profile | None, b: Profile | None, view: View, duel: PairedResult, layers: LayerDifferences | None
) -> None:  # fmt: skip
    found = layer_explanation.explanation(a, b, duel.verdict, layers)
    click.echo()
    layered = view.by not in get_args(layer_explanation.By)
    rows = layer_explanation.beyond(found.rows or (), view.threshold_us) if layered else []
    shown = rows[: view.top] if view.top else rows
    marked = any(place < len(shown) for place in found.marked)
    field("layers", f"{found.text} {found.legend if marked else ''}".rstrip())
    if not layered and a is not None and b is not None and found.rows is not None:
        _groups(a, b, view.by)
    if not shown:
        return
    table(
        ("", "Δ µs", "95 % CI", "A µs", "B µs", "B / A", "TYPE", "PRECISION", "LAYER"),
        [
            (
                found.mark(place), number(each.delta), _of_delta(found.interval(place)),
                number(each.time_a), number(each.time_b),
                "" if each.ratio is None else f"{each.ratio:.2f}", _change(*each.types), _change(*each.precisions),
                plain(each.name, 80),
            )
            for place, each in enumerate(shown)  # the largest come first: `beyond` only leaves out what comes last
        ],
        right=frozenset({"Δ µs", "A µs", "B µs", "B / A"}),
        spare=("B / A", "PRECISION", "95 % CI"),
    )  # fmt: skip
    if len(shown) < len(rows):
        click.echo(faint(f"… and {len(rows) - len(shown):,} more; --top 0 shows all."))


def _groups(a: Profile, b: Profile, by: str) -> None:
    table(
        ("Δ µs", "OF ALL", "A µs", "B µs", "LAYERS A", "LAYERS B", by.upper()),
        [
            (
                number(group.delta), percent(group.share_of_difference), number(group.time_a),
                number(group.time_b), str(group.layers_a), str(group.layers_b), plain(group.name, 60),
            )
            for group in layer_explanation.group_deltas(a, b, by)  # type: ignore[arg-type]  # checked by the caller
        ],
        right=frozenset({"Δ µs", "OF ALL", "A µs", "B µs", "LAYERS A", "LAYERS B"}),
    )  # fmt: skip


def _change(a: str | None, b: str | None) -> str:
    if a is None or b is None:
        return plain(f"only A: {a}" if b is None else f"only B: {b}", 40)
    return plain(a, 30) if a == b else f"{plain(a, 20)} → {plain(b, 20)}"


def _interval(bounds: tuple[float, float] | None) -> str:
    return "" if bounds is None else f"{number(bounds[0])} – {number(bounds[1])}"


def _of_delta(bounds: tuple[float, float] | None) -> str:
    return "" if bounds is None else f"{number(bounds[0])} to {number(bounds[1])}"


def _runs(store: Store, study: Comparison) -> list[Run | None]:
    return [store.runs.get(side.run) if side.run else None for side in study.sides]


def _scatter(store: Store, runs: Sequence[Run], criterion: Criterion | None) -> apart.Scatter | None:
    """Of earlier runs of the same models: how far runs that measured the same lie apart in what these are judged by."""
    earlier = (
        each
        for model_id in sorted({run.model.id for run in runs})
        for each in store.runs.whole(RunFilter(model=model_id, status="done"), limit=_HISTORY)
    )
    return run_scatter.scatter(earlier, runs, apart.wanted(runs, criterion))
