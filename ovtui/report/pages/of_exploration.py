"""An exploration as a document: the best settings first, then the matrix, the front, and every cell or arrival rate."""

from __future__ import annotations

from collections.abc import Sequence

from ovtui import formatting, sentences
from ovtui.analysis.exploration import selection
from ovtui.records import Cell, Exploration, Grid
from ovtui.report.command import explore_command
from ovtui.report.exported import Exported
from ovtui.report.pages.best import best_cell, best_load, best_spec, is_server, limits_text
from ovtui.report.pages.common import environment_section, moment, register, repeat, setting_fields, subtitle
from ovtui.report.pages.document import (
    Command,
    Document,
    Paragraph,
    Verdict,
    document,
    fields,
    section,
    warnings,
)
from ovtui.report.pages.of_cells import cell_sections, or_auto
from ovtui.report.pages.of_rates import highest, rate_sections


def exploration_report(
    exploration: Exploration, runs: Sequence[Exported] = (), *, called: str | None = None
) -> Document:
    """The whole of it. `runs`: of its cells or rates, those that are kept; `called`: the model on a command line."""
    name, spec = called or exploration.model.path, best_spec(exploration, runs)
    what = "arrival rates" if is_server(exploration) else "settings"
    return document(
        f"{exploration.model.name}: {what} explored on {exploration.spec.device}",
        subtitle(exploration.label, f"exploration {exploration.id}", moment(exploration.created)),
        section(
            "",
            _verdict(exploration),
            warnings(sentences.remarks(exploration.warnings)),
            Paragraph(f"Error: {exploration.error}") if exploration.error else None,
            None if spec is None else register(exploration.model),
            None if spec is None else repeat(spec, name),
        ),
        *(rate_sections(exploration) if is_server(exploration) else cell_sections(exploration)),
        section("What was explored", fields(*_settings(exploration)), _again(exploration, name)),
        environment_section(exploration.environment),
    )


def outcome(exploration: Exploration) -> str:
    """What was found, in a sentence."""
    if exploration.status in ("queued", "running") and exploration.best is None:
        return f"It is {exploration.status}; the best is not known yet."
    if is_server(exploration):
        return highest(exploration)
    cell = best_cell(exploration)
    if cell is not None:
        within = f", the most within {limits_text(exploration.limits)}" if limits_text(exploration.limits) else ""
        doubt = selection.uncertainty(cell, exploration.limits)
        told = f"Best: {formatting.setting(cell.setting)} with {_figures(cell)}{within}"
        return f"{told}; {doubt}." if doubt else f"{told}."
    if any(each.throughput_fps is not None for each in exploration.cells):
        return selection.nearest_miss(exploration.cells, exploration.limits)
    return "Nothing could be measured."


def _verdict(exploration: Exploration) -> Verdict:
    cell = best_cell(exploration)
    found = best_load(exploration) is not None
    if cell is not None:
        found = not selection.is_doubtful(cell, exploration.limits)
    unfinished = ""
    if exploration.status not in ("done", "queued", "running"):
        unfinished = f" It was {exploration.status}: not everything was tried."
    return Verdict("good" if found and exploration.status == "done" else "warning", outcome(exploration) + unfinished)


def _figures(cell: Cell) -> str:
    estimate = cell.throughput_fps
    parts = [] if estimate is None else [f"{formatting.number(estimate.mean)} FPS {formatting.half_width(estimate)}"]
    for percentile in ("p50", "p99"):
        known = getattr(cell.latency_ms, percentile, None) is not None
        parts += [f"{percentile} {formatting.percentile(cell.latency_ms, percentile)} ms"] if known else []
    return ", ".join(parts) or "unknown figures"


def _again(exploration: Exploration, name: str) -> Command:
    asked = exploration.spec, exploration.grid, exploration.limits
    found = explore_command(name, *asked, seconds=exploration.seconds, label=exploration.label)
    return Command(found, "Explore the same again:")


def _axes(grid: Grid) -> list[tuple[str, str | None]]:
    axes = (
        ("batches", grid.batches),
        ("streams", grid.streams),
        ("threads", grid.threads),
        ("requests", grid.requests),
    )
    return [(title, ", ".join(map(or_auto, values))) for title, values in axes]


def _settings(exploration: Exploration) -> list[tuple[str, str | None]]:
    grid, spec = exploration.grid, exploration.spec
    found: list[tuple[str, str | None]] = [
        ("model", exploration.model.name),
        ("file", exploration.model.path),
        ("sha256", exploration.model.sha256),
        ("device", spec.device),
        ("limits", limits_text(exploration.limits) or "none"),
    ]
    if not is_server(exploration):
        found += [("chosen", "; ".join(map(formatting.setting, grid.chosen)))] if grid.chosen else _axes(grid)
        found.append(("how", "searched for the best" if grid.search else "measured each"))
    spent = formatting.duration(exploration.elapsed_s) if exploration.elapsed_s else None
    return [*found, ("took", spent), *(field for field in setting_fields(spec) if field[0] != "arrivals")]
