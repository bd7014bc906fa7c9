"""An optimization as a document: the verdict, then figures, accuracy, where it hurts, what became of the layers."""

from __future__ import annotations

from collections.abc import Mapping

from ovtui import sentences
from ovtui.analysis.accuracy.drift import worst
from ovtui.analysis.optimization import layer_outcomes as layers
from ovtui.analysis.optimization.outcome import Outcome, outcome, weak_means
from ovtui.analysis.optimization.wording import called, percent_between, percent_of
from ovtui.formatting import NOTHING, duration, number, plural
from ovtui.records import Accuracy, Comparison, Optimization, Preprocessing, Proportion
from ovtui.report.documents import profiles
from ovtui.report.exported import Exported
from ovtui.report.optimize_command import optimize_command
from ovtui.report.pages.charts import Axis, Interval, Intervals
from ovtui.report.pages.common import columns, environment_section, moment, subtitle
from ovtui.report.pages.document import (
    Column,
    Command,
    Document,
    Level,
    Paragraph,
    Section,
    Table,
    Verdict,
    document,
    fields,
    section,
    table,
    warnings,
)
from ovtui.report.pages.of_run import runs_table

_TOP = 30
_WORST = 12


def optimization_report(
    optimization: Optimization,
    latency: Comparison | None,
    throughput: Comparison | None,
    runs: Mapping[str, Exported],
) -> Document:
    """The whole of it. `runs`: of the sides of both comparisons, by id."""
    found = outcome(optimization, latency, throughput, {run_id: each.run for run_id, each in runs.items()})
    return document(
        f"{optimization.parent.name}: {called(optimization)}",
        subtitle(optimization.label, f"optimization {optimization.id}", moment(optimization.created)),
        section(
            "",
            Verdict(_level(found), found.verdict),
            warnings(sentences.remarks(optimization.warnings)),
            Paragraph(f"Error: {optimization.error}") if optimization.error else None,
        ),
        section("What it gained and what it cost", _figures(found)),
        *_accuracy(optimization.accuracy),
        _layers(optimization, latency, throughput, runs),
        section("What was measured", runs_table([each.run for each in runs.values()])),
        section("How it was made", fields(*_how(optimization)), _again(optimization)),
        environment_section(optimization.environment),
    )


def _level(found: Outcome) -> Level:
    if found.optimization.version is None:
        return "bad"
    known = [duel.verdict for duel in (found.throughput, found.latency) if duel is not None]
    if "slower" in known:
        return "bad"
    return "good" if "faster" in known else "neutral"


def _figures(found: Outcome) -> Table | None:
    rows = tuple((each.title, each.parent, each.version, each.change) for each in found.figures)
    return table(columns("", "parent", "version", "change", text=1), rows, weak_means(found.figures))


def _accuracy(accuracy: Accuracy | None) -> list[Section | None]:
    if accuracy is None:
        return []
    labelled = accuracy.labelled
    rows = []
    if labelled is not None:
        rows.append(("top-1", _share(labelled.parent_top1), _share(labelled.version_top1)))
        if labelled.parent_top5 is not None and labelled.version_top5 is not None:
            rows.append(("top-5", _share(labelled.parent_top5), _share(labelled.version_top5)))
    outputs = tuple(
        (
            each.output, NOTHING if each.top1 is None else _share(each.top1), number(each.cosine),
            "no difference" if each.sqnr_db is None else number(each.sqnr_db), number(each.max_abs),
        )
        for each in accuracy.outputs
    )  # fmt: skip
    changed = tuple(
        (each.sample, "" if each.label is None else str(each.label), str(each.parent), str(each.version))
        for each in accuracy.changed[:_TOP]
    )
    heads = (Column("output", "code"), *columns("same top-1", "cosine", "SQNR, dB", "largest difference"))
    noise = "They were noise: of accuracy, this says nothing." if accuracy.meaningless else ""
    return [
        section(
            "Accuracy",
            Paragraph(f"Of {plural(accuracy.samples, 'sample')}. {noise}".strip()),
            table(columns("", "parent", "version", text=1), tuple(rows)),
            table(heads, outputs),
            table(
                (Column("sample", "code"), *columns("label", "parent", "version")),
                changed,
                f"Samples of which both say different things: {accuracy.changes:,}",
            ),
        ),
        section("Where it parts from its parent", _drift_chart(accuracy), _drift(accuracy)),
    ]


def _share(found: Proportion) -> str:
    return f"{percent_of(found.hits / max(1, found.of))} ({percent_between(*found.ci95)})"


def _drift_chart(accuracy: Accuracy) -> Intervals | None:
    rows = [Interval(each.name, each.sqnr_db) for each in worst(accuracy.drift, _WORST) if each.sqnr_db is not None]
    if not rows:
        return None
    return Intervals(
        "The operations that add most noise: signal over noise behind each", Axis("SQNR", "dB"), tuple(rows)
    )


def _drift(accuracy: Accuracy) -> Table | None:
    rows = tuple(
        (
            each.name,
            each.type,
            number(each.sqnr_db),
            number(each.loss_db),
            number(each.cosine),
        )
        for each in worst(accuracy.drift, _TOP)
    )
    heads = (Column("operation", "code"), Column("type"), *columns("SQNR, dB", "lost, dB", "cosine"))
    return table(heads, rows, f"On {plural(accuracy.drift_samples, 'sample')}, in float32")


def _layers(
    optimization: Optimization,
    latency: Comparison | None,
    throughput: Comparison | None,
    runs: Mapping[str, Exported],
) -> Section | None:
    parent, version = profiles(latency, throughput, runs)
    if parent is None or version is None:
        return None
    found = layers.fates(parent, version, optimization.recipe)
    largest = sorted(found, key=lambda each: -(each.time_after or 0))
    rows = tuple(
        (
            each.name, each.type, _change(each.precision_before, each.precision_after), number(each.time_before),
            number(each.time_after), each.share, each.why,
        )
        for each in largest[:_TOP]
    )  # fmt: skip
    heads = (
        Column("layer", "code"), Column("type"), Column("precision"), *columns("parent, µs", "version, µs"),
        Column("share", "share"), Column("not in INT8, since"),
    )  # fmt: skip
    title = "" if len(found) <= _TOP else f"The {_TOP} of {len(found):,} layers that take most"
    return section(
        "What became of its layers", *map(Paragraph, layers.summary(found)), table(heads, rows, title)
    )  # fmt: skip


def _change(before: str | None, after: str | None) -> str:
    return (after or "") if before == after else f"{before or NOTHING} → {after or NOTHING}"


def _how(optimization: Optimization) -> list[tuple[str, str | None]]:
    version = optimization.version
    return [
        ("recipe", called(optimization)),
        ("NNCF", optimization.nncf),
        ("samples", f"{optimization.samples:,}" if optimization.samples else None),
        ("left out", ", ".join(optimization.skipped[:20]) or None),
        ("preprocessing", preprocessing_in_words(optimization.preprocessing)),
        ("file", version.path if version is not None else None),
        ("SHA-256", version.sha256 if version is not None else None),
        ("took", duration(optimization.elapsed_s) if optimization.elapsed_s else None),
        ("finished", moment(optimization.finished)),
    ]


def preprocessing_in_words(made: Preprocessing | None) -> str | None:
    """What a version takes, and what it does to it itself; None where nothing was built in."""
    if made is None:
        return None
    height, width = made.pixels if made.baked else made.size
    mean, scale = (", ".join(f"{value:g}" for value in values) for values in (made.mean, made.scale))
    steps = [f"mean {mean}", f"scale {scale}", f"layout {made.layout}"]
    if made.pixels != made.size:
        steps.insert(0, f"resized to {made.size[0]}×{made.size[1]}")
    coloured = len(made.mean) > 1
    if coloured and made.baked and made.channels == "bgr":
        steps.insert(0, "turned to blue first")
    elif coloured and not made.baked:
        steps.insert(0, "blue first" if made.channels == "bgr" else "red first")
    told = ", ".join(steps)
    if made.baked:
        order = ", red first" if coloured else ""
        return f"built in: takes bytes [1,{height},{width},{len(made.mean)}]{order}; {told}"
    return f"not built in: to be given {height}×{width}, {told}"


def _again(optimization: Optimization) -> Command:
    return Command(
        optimize_command(optimization.parent.path, optimization.recipe, optimization.spec), "To make it again:"
    )
