"""A comparison as a document: the verdict first, then what was different, criteria, ratios, and layer by layer."""

from __future__ import annotations

import shlex
from collections.abc import Sequence
from string import ascii_uppercase

from ovtui import sentences
from ovtui.analysis.comparison import confounders, criteria, layer_explanation, paired
from ovtui.analysis.comparison.layer_matching import Both
from ovtui.formatting import NOTHING, duration, number, percent
from ovtui.records import Candidate, Comparison, Criterion, LayerDifferences, PairedResult, Profile
from ovtui.report.documents import criterion
from ovtui.report.exported import Exported
from ovtui.report.pages.charts import Axis, Interval, Intervals
from ovtui.report.pages.common import columns, environment_section, moment, register, repeat, subtitle
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

_TOP_LAYERS = 30
_TOP_GROUPS = 12
_LEVELS: dict[str, Level] = {"faster": "good", "slower": "bad", "same": "neutral", "undecided": "warning"}
_SAME = 0.98, 1.02
_KINDS: tuple[layer_explanation.By, ...] = ("type", "precision", "kernel")


def comparison_report(
    comparison: Comparison, sides: Sequence[Exported | None], said: str | None = None
) -> Document:  # fmt: skip
    """The whole of it. `sides`: what each was measured as, in their order; None: there is no run of it.

    `said`: what is said of two runs as they were recorded, in place of the sentence on turns.
    """
    a = sides[0] if sides else None
    others = list(zip(ascii_uppercase[1:], comparison.duels, sides[1:], strict=False))
    single = len(others) == 1
    return document(
        " against ".join(side.model.name for side in comparison.sides[::-1]),
        subtitle(comparison.label, f"comparison {comparison.id}", moment(comparison.created)),
        section(
            "",
            *(
                Verdict(_LEVELS[duel.verdict], f"{said}." if said else _sentence(name, duel))
                for name, duel, _ in others
            ),
            None if others else Verdict("warning", "Nothing was decided."),
            _unfinished(comparison),
            warnings(_differences(a, [(name, b) for name, _, b in others]), "Not the same on both sides"),
            warnings(sentences.remarks(comparison.warnings)),
            Paragraph(f"Error: {comparison.error}") if comparison.error else None,
        ),
        section("What was compared", _sides(comparison), runs_table([each.run for each in sides if each is not None])),
        *(
            part
            for place, (name, duel, b) in enumerate(others, 1)
            for part in _duel(name, duel, a, b, comparison.layers_of(place), deeper=not single)
        ),
        section("How", fields(*_how(comparison, criterion(comparison, said)))),
        environment_section(comparison.environment),
        section(
            "Measure it again",
            _repeat(comparison),
            *(register(side.model) for side in comparison.sides),
            *(
                repeat(side.spec, side.model.path, says=f"{name} alone:")
                for name, side in zip(ascii_uppercase, comparison.sides, strict=False)
            ),
        ),
    )


def _sentence(name: str, duel: PairedResult) -> str:
    return paired.sentence(duel, "A", name) + "."


def _unfinished(comparison: Comparison) -> Paragraph | None:
    if comparison.status == "done":
        return None
    return Paragraph(f"It is {comparison.status}." if comparison.status in ("queued", "running")
                     else f"It was {comparison.status} before its end.")  # fmt: skip


def _differences(a: Exported | None, others: Sequence[tuple[str, Exported | None]]) -> tuple[str, ...]:
    found = []
    for name, b in others:
        if a is not None and b is not None:
            prefix = f"{name}: " if len(others) > 1 else ""
            found += [f"{prefix}{text}" for text in confounders.differences(a.run, b.run)]
    return tuple(found)


def _sides(comparison: Comparison) -> Table | None:
    first = comparison.sides[0] if comparison.sides else None
    rows = tuple(
        (name, side.model.name, side.model.path, _asked(first, side))
        for name, side in zip(ascii_uppercase, comparison.sides, strict=False)
    )
    return table((Column("side"), Column("model"), Column("file"), Column("asked for")), rows)


def _asked(first: Candidate | None, side: Candidate) -> str:
    if first is None or side is first:
        return subtitle(side.spec.device, side.spec.mode)
    found = confounders.spec_differences(first.spec, side.spec)
    related = confounders.models(first.model, side.model)
    return " ".join([*([] if related is None else [related]), *(found or ["The same settings as A."])])


def _duel(
    name: str,
    duel: PairedResult,
    a: Exported | None,
    b: Exported | None,
    layers: LayerDifferences | None,
    *,
    deeper: bool,
) -> list[Section | None]:
    explained = layer_explanation.explanation(a and a.profile, b and b.profile, duel.verdict, layers)
    sections = [
        section("Ratios", _ratios(name, duel), deeper=deeper),
        section("By criteria", _criteria(name, a, b), deeper=deeper),
        section("Layer by layer", Paragraph(explained.text), _layers(name, explained), deeper=deeper)
        if a is not None and b is not None
        else None,
        *_grouped(name, a and a.profile, b and b.profile),
    ]
    if deeper:
        sections.insert(0, Section(f"{name} against A", (Paragraph(_sentence(name, duel)),)))
    return sections


def _ratios(name: str, duel: PairedResult) -> Intervals | None:
    if duel.ratio is None:
        return None
    whole = Interval("all, with 95 % CI", duel.ratio, duel.ci95, strong=True)
    each = [Interval(f"instance {place}", ratio) for place, ratio in enumerate(duel.ratios, 1)]
    title = f"Speed of {name} over that of A; between the two ends of the shade they count as the same"
    return Intervals(title, Axis(f"speed of {name} / speed of A"), (whole, *each), 1.0, _SAME)


def _criteria(name: str, a: Exported | None, b: Exported | None) -> Table | None:
    if a is None or b is None:
        return None
    rows = []
    found = criteria.lines(a.run, b.run)
    for line in found:
        left, right = line.a, line.b
        if line.key == "when":  # read at another time, it needs its date
            left, right = moment(a.run.created) or "", moment(b.run.created) or ""
        rows.append((line.title, left, right, "" if line.ratio is None else f"{line.ratio:.3f}"))
    return table(columns("", "A", name, f"{name} / A", text=1), tuple(rows), criteria.weak_means(found))


def _layers(name: str, explained: layer_explanation.Explanation) -> Table | None:
    found = [row for row in explained.rows or () if row.delta is not None]
    rows = tuple(
        (
            row.name, _both(row.types), _both(row.precisions), number(row.time_a), number(row.time_b),
            _signed(row.delta), _between(explained.interval(place)),
            "" if row.ratio is None else f"{row.ratio:.3f}", _share(row.share_of_difference),
        )
        for place, row in enumerate(found[:_TOP_LAYERS])
    )  # fmt: skip
    heads = (
        Column("layer", "code"), Column("type"), Column("precision"),
        *columns("A, µs", f"{name}, µs", "difference, µs", "95 % CI", f"{name} / A", "of the difference"),
    )  # fmt: skip
    title = "" if len(found) <= _TOP_LAYERS else f"The {_TOP_LAYERS} of {len(found):,} layers that differ most"
    made = table(heads, rows, title)
    marked = frozenset(place for place in explained.marked if place < len(rows))
    return None if made is None else made._replace(marked=marked)


def _both(values: Both) -> str:
    """`f32`, or `f32 → i8`; what only one side has with a dash on the other."""
    left, right = (value or NOTHING for value in values)
    return left if left == right else f"{left} → {right}"


def _signed(value: float | None) -> str:
    return f"+{number(value)}" if value is not None and value > 0 else number(value)


def _between(interval: tuple[float, float] | None) -> str:
    return "" if interval is None else f"{_signed(interval[0])} to {_signed(interval[1])}"


def _share(value: float | None) -> str:
    return percent(value and value + 0.0)  # without the sign of a nothing


def _grouped(name: str, a: Profile | None, b: Profile | None) -> list[Section | None]:
    if a is None or b is None:
        return []
    sections = []
    for by in _KINDS:
        rows = tuple(
            (
                group.name, f"{group.layers_a:,}", f"{group.layers_b:,}", number(group.time_a),
                number(group.time_b), _signed(group.delta), _share(group.share_of_difference),
            )
            for group in layer_explanation.group_deltas(a, b, by)[:_TOP_GROUPS]
        )  # fmt: skip
        heads = columns("layers of A", f"of {name}", "A, µs", f"{name}, µs", "difference, µs", "of the difference")
        sections.append(section(f"By {by}", table((Column(by, "code"), *heads), rows), deeper=True))
    return sections


def _repeat(comparison: Comparison) -> Command | None:
    """All of them in turn, each by its run, which this machine's store has."""
    runs = [side.run for side in comparison.sides if side.run is not None]
    random = any(side.spec.mode == "server" for side in comparison.sides)  # arrivals, which do not take turns
    if random or len(runs) < 2 or len(runs) < len(comparison.sides):
        return None
    line = f"ovtui compare --interleave {shlex.join(runs)} --criterion {comparison.criterion}"
    return Command(line, "All in turn, on the machine that has these runs:")


def _how(comparison: Comparison, decided: Criterion | None) -> list[tuple[str, str | None]]:
    by = {"throughput": "completed inferences per second", "latency": "median latency"}
    return [
        ("criterion", None if decided is None else f"{decided}: {by[decided]}"),
        ("turns", f"{comparison.pairs:,} of each side" if comparison.pairs else None),
        ("measured for", duration(comparison.elapsed_s) if comparison.elapsed_s else None),
        ("finished", moment(comparison.finished)),
    ]
