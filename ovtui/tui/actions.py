"""What can be done with runs, from their own screen and from history: label, delete, export. Each asks first."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

from ovtui import formatting
from ovtui.analysis.graph.model import Graph
from ovtui.records import Comparison, Run
from ovtui.report.files import Exported, write, write_comparison
from ovtui.report.graphs import write_graph
from ovtui.report.layers import write_layers
from ovtui.specs import expanded, here
from ovtui.tui.error_handling import said
from ovtui.tui.profile_view import ProfileView
from ovtui.tui.screens.ask import ConfirmScreen, PromptScreen
from ovtui.tui.screens.base import OvtuiScreen


@said
def label(screen: OvtuiScreen, ids: Sequence[str], then: Callable[[], None]) -> None:
    """Ask for a label for `ids`; an empty one takes it away. `then`: when it is done."""
    store = screen.ovtui.store
    first = store.runs.get(ids[0])

    @said
    def answered(screen: OvtuiScreen, text: str | None) -> None:
        if text is None:
            return
        for run_id in ids:
            store.runs.set_label(run_id, text or None)
        then()
        screen.ovtui.changed()

    question = f"A label for {_these(ids)}:"
    screen.app.push_screen(PromptScreen(question, (first and first.label) or ""), lambda text: answered(screen, text))


def delete(screen: OvtuiScreen, ids: Sequence[str]) -> None:
    """Ask, and delete `ids`; the app keeps what undoing needs."""

    def answered(yes: bool | None) -> None:
        if yes:
            screen.ovtui.remove(list(ids))

    question = f"Delete {_these(ids)} and what was measured?"
    screen.app.push_screen(ConfirmScreen(question, "delete (u undoes)"), answered)


def export(screen: OvtuiScreen, ids: Sequence[str]) -> None:
    """Ask for a file, and write `ids` to it."""
    store = screen.ovtui.store

    def written(path: Path) -> None:
        found = [store.runs.find(run_id) for run_id in ids]
        write(path, [Exported(run, *store.runs.beside(run.id)) for run in found])

    suggested = f"ovtui-{ids[0]}.json" if len(ids) == 1 else "ovtui-runs.csv"
    hint = ".html and .md are reports, .json holds everything, .csv the time series. Enter writes it."
    write_to(screen, _these(ids), suggested, hint, written)


def export_comparison(screen: OvtuiScreen, comparison: Comparison, said: str | None = None) -> None:
    """Ask for a file, and write the comparison to it, with the runs of its sides.

    `said`: what is said of two runs as they were recorded.
    """
    store = screen.ovtui.store

    def written(path: Path) -> None:
        found = [store.runs.get(side.run) if side.run else None for side in comparison.sides]
        sides = [None if run is None else Exported(run, *store.runs.beside(run.id)) for run in found]
        write_comparison(path, comparison, sides, said)

    hint = ".html and .md are reports, .json holds everything, .csv the criteria and layers. Enter writes it."
    write_to(screen, "the comparison", f"ovtui-{comparison.id}.html", hint, written)


def export_layers(screen: OvtuiScreen, run: Run, seen: ProfileView, places: Sequence[int]) -> None:
    """Ask for a file, and write these layers to it."""

    def written(path: Path) -> None:
        write_layers(path, run, seen.profile, seen.columns, places, name=run.model.id)

    hint = ".csv holds a row for each layer, .json all that is known of them."
    write_to(screen, formatting.plural(len(places), "layer"), f"ovtui-{run.id}-layers.csv", hint, written)


def export_graph(screen: OvtuiScreen, run: Run, graph: Graph) -> None:
    """Ask for a file, and write the graph to it."""
    which = "what the device runs" if graph.kind == "runtime" else "the model's own graph"
    hint = ".dot is for Graphviz, .json for other programs."
    write_to(screen, which, f"ovtui-{run.id}-{graph.kind}.dot", hint, lambda path: write_graph(path, graph))


def write_to(screen: OvtuiScreen, what: str, suggested: str, hint: str, written: Callable[[Path], object]) -> None:
    """Ask which file `what` goes to, a name in this folder being `suggested`; then it is `written`, and said."""

    @said
    def answered(screen: OvtuiScreen, text: str | None) -> None:
        if text:
            path = expanded(text)
            written(path)
            screen.ovtui.tell(f"Wrote {what} to {here(str(path))}.")

    asked = PromptScreen(f"Write {what} to:", here(suggested), hint)
    screen.app.push_screen(asked, lambda text: answered(screen, text))


def _these(ids: Sequence[str]) -> str:
    return "this run" if len(ids) == 1 else f"these {formatting.plural(len(ids), 'run')}"
