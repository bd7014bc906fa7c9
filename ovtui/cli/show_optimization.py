"""Optimizations as text: the verdict, figures side by side, accuracy, where INT8 hurts, and what to try next."""

from __future__ import annotations

import shlex
import string
from collections.abc import Sequence
from pathlib import Path

import click

from ovtui import formatting, sentences
from ovtui.analysis.accuracy.drift import worst
from ovtui.analysis.optimization.advice import next_steps
from ovtui.analysis.optimization.layer_outcomes import summary
from ovtui.analysis.optimization.outcome import agreement_of, weak_means
from ovtui.analysis.optimization.trade_off import MEASURES, Measure, Way, accuracy_in_words, accuracy_measure, called
from ovtui.analysis.optimization.trade_off import ways as side_by_side
from ovtui.analysis.optimization.wording import percent_between
from ovtui.cli.output import eta, faint, field, strong, table
from ovtui.errors import InputError
from ovtui.records import Accuracy, Model, Optimization, Preview
from ovtui.report.documents import optimization_document
from ovtui.report.files import write_optimization
from ovtui.report.optimize_command import optimize_command
from ovtui.report.optimized import gathered
from ovtui.report.pages.of_optimization import preprocessing_in_words
from ovtui.sanitize import plain
from ovtui.store import Store

KEPT = "the version"
_ALL = 1000
_WORST = 5
_SHOWN = 8
_CHART = (56, 7)  # columns, rows
_LETTERS = string.ascii_letters


def as_document(store: Store, study: Optimization) -> dict[str, object]:
    return optimization_document(*gathered(store, study))


def progress(study: Optimization) -> str:
    """How far the phase is."""
    share = "" if study.progress is None else formatting.percent(study.progress)
    return "  ".join(filter(None, (share, eta(study.eta_s))))


def is_kept(study: Optimization) -> bool:
    return study.version is not None


def export(store: Store, study: Optimization, output: Path) -> None:
    write_optimization(output, *gathered(store, study))


def show(store: Store, study: Optimization) -> None:
    """What was made, gained and lost, and what to do now."""
    whole = gathered(store, study)
    told = whole.outcome
    status = "" if study.status == "done" else f"  {study.status.upper()}"
    click.echo(f"{strong(plain(study.parent.name))}  {called(study)}  {faint(study.id)}{status}")
    field("verdict", strong(told.verdict))
    if study.version is None:
        for warning in sentences.remarks(study.warnings):
            field("!", plain(warning))
        return
    made = preprocessing_in_words(study.preprocessing)
    field("version", f"{plain(study.version.name, 60)}  {faint(study.version.id)}")
    if study.samples:
        field(
            "made",
            f"on {formatting.plural(study.samples, 'sample')}, in {formatting.duration(study.elapsed_s)} altogether",
        )
    if made is not None:
        field("pixels", made)
    click.echo()
    table(
        ("", "PARENT", "VERSION", "CHANGE"),
        [(each.title, each.parent, each.version, each.change) for each in told.figures],
        right=frozenset({"PARENT", "VERSION"}),
    )
    weak = weak_means(told.figures)
    if weak:
        click.echo(faint(weak))
    click.echo()
    if study.accuracy is not None:
        _accuracy(study.accuracy, keeps="" if study.recipe.method == "fp16" else " (--ignore keeps one)")
    layers = whole.fates
    for sentence in summary(layers):
        field("layers", sentence)
    for warning in sentences.remarks(study.warnings):
        field("!", plain(warning))
    name = store.models.called(study.version)
    steps = [["ovtui", "export", name, "-o", f"{study.version.name}.tar.gz", "--bundle"]]
    if told.latency is None and told.throughput is None:
        steps.insert(0, ["ovtui", "run", name])
    for place, step in enumerate(steps):
        field("" if place else "next", strong(plain(shlex.join(step))))
    parent = store.models.called(study.parent)
    for why, recipe in next_steps(study, told, layers):
        field("", why)
        field("", strong(plain(optimize_command(parent, recipe, study.spec))))


def _accuracy(accuracy: Accuracy, keeps: str) -> None:
    if accuracy.changes and not accuracy.meaningless:
        names = ", ".join(plain(each.sample, 30) for each in accuracy.changed[:_SHOWN])
        more = " …" if accuracy.changes > _SHOWN else ""
        field("changed", f"{formatting.plural(accuracy.changes, 'sample')} of {accuracy.samples:,}: {names}{more}")
    hurt = worst(accuracy.drift, _WORST)
    if not hurt:
        return
    field("drift", f"what adds most noise, on {formatting.plural(accuracy.drift_samples, 'sample')}{keeps}")
    table(
        ("SQNR dB", "LOST dB", "TYPE", "OPERATION"),
        [(formatting.number(each.sqnr_db), formatting.number(each.loss_db), plain(each.type, 24), plain(each.name, 80))
         for each in hurt],
        right=frozenset({"SQNR dB", "LOST dB"}),
    )  # fmt: skip


def row(store: Store, study: Optimization) -> tuple[str, ...]:
    """A line of the list."""
    told = gathered(store, study).outcome
    ratio = next((duel.ratio for duel in (told.throughput, told.latency) if duel and duel.ratio is not None), None)
    speed = formatting.NOTHING if ratio is None else f"{ratio:.2f} ×"
    size = formatting.NOTHING if told.size_ratio is None else f"{1 / told.size_ratio:.2f} ×"
    return (
        study.id, formatting.when(study.created), plain(study.parent.name, 24), called(study), speed, size,
        _kept(study.accuracy), study.status, plain(study.label or "", 24),
    )  # fmt: skip


def _kept(accuracy: Accuracy | None) -> str:
    if accuracy is None or accuracy.meaningless:
        return formatting.NOTHING
    if accuracy.labelled is not None:
        top1 = accuracy.labelled.version_top1
        return f"top-1 {100 * top1.hits / max(1, top1.of):.1f} %"
    same = agreement_of(accuracy)
    if same is not None:
        return f"same {100 * same.hits / same.of:.1f} %"
    ratios = [each.sqnr_db for each in accuracy.outputs if each.sqnr_db is not None]
    return f"{min(ratios):.1f} dB" if ratios else "no difference"


def versions_of(store: Store, model: Model) -> list[Optimization]:
    """Those that made a version of a model; of what is itself a version, those of its parent."""
    found = store.studies.of(Optimization).newest(model.parent or model.id, limit=_ALL)
    return [study for study in found if study.version is not None]


def ways(store: Store, model: Model) -> None:
    """All versions of a model side by side."""
    made = versions_of(store, model)
    if not made:
        raise InputError(
            f"No version of {plain(model.name, 60)} was made yet. `ovtui optimize MODEL --data FOLDER` makes one."
        )
    outcomes = [gathered(store, study).outcome for study in made]
    measure = accuracy_measure(outcomes)
    title = "ACCURACY" if measure is None else MEASURES[measure].partition(" as")[0].upper()
    found = side_by_side(outcomes)
    chart = _chart(found, measure)
    table(
        ("", "SPEED", "95 % CI", "MB", title, "95 % CI OF IT", "SAMPLES", "WAY", "VERSION"),
        [
            (
                (f"{_letter(place)} " if chart else "") + ("●" if way.front else ""),
                formatting.NOTHING if way.speed is None else f"{way.speed:.2f} ×",
                "" if way.speed_ci95 is None else f"{way.speed_ci95[0]:.2f} – {way.speed_ci95[1]:.2f}",
                formatting.number(way.size_mb),
                accuracy_in_words(way.accuracy, measure),
                "" if way.accuracy_ci95 is None else percent_between(*way.accuracy_ci95),
                "" if way.samples is None else f"{way.samples:,}",
                plain(way.name, 60),
                way.optimization.version.name if way.optimization and way.optimization.version else "the parent",
            )
            for place, way in enumerate(found)
        ],
        right=frozenset({"SPEED", "MB", title, "SAMPLES"}),
        spare=("VERSION", "95 % CI"),
    )
    click.echo(faint("● nothing is both faster and more accurate"))
    for line in chart:
        click.echo(line)


def _letter(place: int) -> str:
    return _LETTERS[place] if place < len(_LETTERS) else " "


def _chart(found: Sequence[Way], measure: Measure | None) -> list[str]:
    """Accuracy over speed, a letter for each; nothing for fewer than three, of which the table says as much.

    In decibels the parent has no place: without any noise, it would leave the others one line.
    """
    placed = [
        (_letter(place), way.speed, way.accuracy)
        for place, way in enumerate(found)
        if way.speed is not None and way.accuracy is not None and not (measure == "sqnr" and way.optimization is None)
    ]
    if len(placed) < 3:
        return []
    width, height = _CHART
    speeds, accuracies = [speed for _, speed, _ in placed], [accuracy for _, _, accuracy in placed]
    cells: dict[tuple[int, int], str] = {}
    for letter, speed, accuracy in placed:
        row, column = _step(max(accuracies) - accuracy, accuracies, height), _step(speed - min(speeds), speeds, width)
        while (row, column) in cells:  # beside the one that is there
            column += 1
        cells[row, column] = letter
    best, worst_one = (accuracy_in_words(edge, measure) for edge in (max(accuracies), min(accuracies)))
    margin = max(len(best), len(worst_one))
    labels = {0: best, height - 1: worst_one}
    lines = [""]
    for row in range(height):
        last = max((column for line, column in cells if line == row), default=-1)
        drawn = "".join(cells.get((row, column), " ") for column in range(last + 1))
        lines.append(f"{labels.get(row, ''):>{margin}} │{drawn}")
    slowest, quickest = f"{min(speeds):.2f} ×", f"{max(speeds):.2f} ×"
    lines.append(f"{'':>{margin}} └{'─' * width}")
    lines.append(f"{'':>{margin}}  {slowest}{quickest:>{width - len(slowest)}}")
    return lines


def _step(distance: float, values: Sequence[float], steps: int) -> int:
    """Which of the steps between the least and the most of the values lies at that distance from the first."""
    span = max(values) - min(values)
    return round(distance / span * (steps - 1)) if span else 0


def preview(seen: Preview) -> None:
    """What data looks like, before it is used."""
    field(
        "looked at",
        formatting.plural(seen.samples, "sample") + (f", {len(seen.skipped):,} left out" if seen.skipped else ""),
    )
    if seen.labelled:
        classes = "1 class" if seen.classes == 1 else f"{seen.classes:,} classes"
        field("labels", f"{formatting.plural(seen.labelled, 'sample')} of {classes}")
    made = preprocessing_in_words(seen.preprocessing)
    if made is not None:
        field("pixels", made)
    click.echo()
    for line in seen.thumbnail:
        click.echo(f"  {line}")
    if seen.thumbnail:
        click.echo()
    table(
        ("INPUT", "CHANNEL", "MIN", "MEAN", "MAX"),
        [
            (
                plain(each.input, 40), formatting.NOTHING if each.channel is None else str(each.channel),
                formatting.number(each.min), formatting.number(each.mean), formatting.number(each.max),
            )
            for each in seen.ranges
        ],
        right=frozenset({"CHANNEL", "MIN", "MEAN", "MAX"}),
    )  # fmt: skip
    click.echo(faint("As the network sees it, behind all preprocessing."))
    for warning in seen.warnings:
        field("!", plain(warning))
