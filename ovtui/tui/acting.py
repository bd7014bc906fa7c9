"""What can be done with runs, from their own screen and from history: label, delete, export. Each asks first."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

from ovtui import words
from ovtui.analysis.graph.model import Graph
from ovtui.records import Comparison, Run
from ovtui.report.files import Exported, write, write_comparison
from ovtui.report.graphs import write_graph
from ovtui.report.layers import write_layers
from ovtui.specs import expanded, here
from ovtui.tui.said import said
from ovtui.tui.screens.ask import ConfirmScreen, PromptScreen
from ovtui.tui.screens.base import OvtuiScreen
from ovtui.tui.tabs.seen import Seen


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

    @said
    def answered(screen: OvtuiScreen, text: str | None) -> None:
        if text:
            path = expanded(text)
            found = [store.runs.find(run_id) for run_id in ids]
            write(path, [Exported(run, *store.runs.beside(run.id)) for run in found])
            screen.ovtui.tell(f"Wrote {_these(ids)} to {Path(here(str(path)))}.")

    suggested = here(f"ovtui-{ids[0]}.json" if len(ids) == 1 else "ovtui-runs.csv")
    hint = ".html and .md are reports, .json holds everything, .csv the time series. Enter writes it."
    screen.app.push_screen(
        PromptScreen(f"Write {_these(ids)} to:", suggested, hint), lambda text: answered(screen, text)
    )


def export_comparison(screen: OvtuiScreen, comparison: Comparison) -> None:
    """Ask for a file, and write the comparison to it, with the runs of its sides."""
    store = screen.ovtui.store

    @said
    def answered(screen: OvtuiScreen, text: str | None) -> None:
        if text:
            found = [store.runs.get(side.run) if side.run else None for side in comparison.sides]
            sides = [None if run is None else Exported(run, *store.runs.beside(run.id)) for run in found]
            write_comparison(expanded(text), comparison, sides)
            screen.ovtui.tell(f"Wrote the comparison to {here(text)}.")

    suggested = here(f"ovtui-{comparison.id}.html")
    hint = ".html and .md are reports, .json holds everything, .csv the criteria and layers. Enter writes it."
    screen.app.push_screen(
        PromptScreen("Write the comparison to:", suggested, hint), lambda text: answered(screen, text)
    )


def export_layers(screen: OvtuiScreen, run: Run, seen: Seen, places: Sequence[int]) -> None:
    """Ask for a file, and write these layers to it."""

    @said
    def answered(screen: OvtuiScreen, text: str | None) -> None:
        if text:
            write_layers(expanded(text), run, seen.profile, seen.columns, places, name=run.model.id)
            screen.ovtui.tell(f"Wrote {words.plural(len(places), 'layer')} to {here(text)}.")

    hint = ".csv holds a row for each layer, .json all that is known of them."
    question = f"Write {words.plural(len(places), 'layer')} to:"
    suggested = here(f"ovtui-{run.id}-layers.csv")
    screen.app.push_screen(PromptScreen(question, suggested, hint), lambda text: answered(screen, text))


def export_graph(screen: OvtuiScreen, run: Run, graph: Graph) -> None:
    """Ask for a file, and write the graph to it."""

    @said
    def answered(screen: OvtuiScreen, text: str | None) -> None:
        if text:
            write_graph(expanded(text), graph)
            screen.ovtui.tell(f"Wrote the graph to {here(text)}.")

    which = "what the device runs" if graph.kind == "runtime" else "the model's own graph"
    suggested = here(f"ovtui-{run.id}-{graph.kind}.dot")
    hint = ".dot is for Graphviz, .json for other programs."
    screen.app.push_screen(PromptScreen(f"Write {which} to:", suggested, hint), lambda text: answered(screen, text))


def _these(ids: Sequence[str]) -> str:
    return "this run" if len(ids) == 1 else f"these {words.plural(len(ids), 'run')}"
