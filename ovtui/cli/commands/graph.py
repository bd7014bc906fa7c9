"""`ovtui graph`: what the device runs, or what the model says, as lanes; or as DOT or JSON for other programs."""

from __future__ import annotations

from pathlib import Path

import click

from ovtui import formatting
from ovtui.analysis.fusion import names
from ovtui.analysis.graph.export import document as graph_document
from ovtui.analysis.graph.export import dot
from ovtui.analysis.graph.finding import search, terms
from ovtui.analysis.graph.folding import Drawing, Shown
from ovtui.analysis.graph.model import Graph, original, own, runtime
from ovtui.analysis.graph.rows import folded, revealed, unfolded
from ovtui.analysis.layers import took
from ovtui.cli.commands.layers import check_filter, profile_of
from ovtui.cli.output import cells, columns, cut, document, faint, json_option, strong
from ovtui.engine.reconcile import reconcile
from ovtui.errors import InputError
from ovtui.records import Model, Run
from ovtui.report.graphs import write_graph
from ovtui.sanitize import plain
from ovtui.store import Store, open_store
from ovtui.terminal import has_few_glyphs

_BAR = 8
_ROWS = 40
_WIDEST = 160  # of lines that go to a file or another program


@click.command()
@click.argument("run_or_model", required=False)
@click.option("--ir", "own_graph", is_flag=True, help="The model's own graph instead of the one the device runs.")
@click.option("--fold", type=click.Choice(["auto", "all", "none"]), default="auto", show_default=True,
              help="Blocks: the hottest open until some forty rows are filled; all folded; none.")  # fmt: skip
@click.option("-f", "--find", "typed", metavar="TERMS", help="Open what holds: words of names, type:conv, time>50us …")
@click.option("--dot", "as_dot", is_flag=True, help="For Graphviz.")
@click.option("-o", "--output", type=click.Path(path_type=Path), help="Write a .dot or .json file.")
@json_option
def command(
    run_or_model: str | None,
    own_graph: bool,
    fold: str,
    typed: str | None,
    as_dot: bool,
    output: Path | None,
    as_json: bool,
) -> None:
    """Show the graph of RUN_OR_MODEL (default: of the last run whose layers are known): tensors are lanes, blocks fold.

    ● is a node, ○ one that begins its lane; ┤ and ├ read from a lane; ↓ feeds a row far below, ↑ reads from far above.
    """
    if as_dot and as_json:
        raise click.UsageError("--dot and --json are two forms of the graph: give one of the two.")
    check_filter(typed or "", terms)
    with open_store() as store:
        reconcile(store)
        title, graph, called = _graph(store, run_or_model or store.runs.profiled() or "last", own_graph=own_graph)
    if output is not None:
        write_graph(output, graph)
        click.echo(f"Wrote {plain(output)}.", err=True)
    if as_json:
        document(graph_document(graph))
    if as_dot:
        click.echo(dot(graph), nl=False)
    if output is not None or as_json or as_dot:
        return
    click.echo(title)
    _print(Shown(graph, called, _ROWS), fold, typed)


def _graph(store: Store, text: str, *, own_graph: bool) -> tuple[str, Graph, list[str]]:
    """A title, the graph, and what its nodes are called."""
    run, model = _meant(store, text)
    if run is None and model is not None and not own_graph:
        latest = store.runs.profiled(model.id)
        if latest is None:
            name = plain(store.models.called(model))
            raise InputError(
                f"{plain(model.name, 60)} has not been measured with a look at its layers: `ovtui run {name}`, or "
                f"`ovtui graph {name} --ir` for the model's own graph."
            )
        run = store.runs.get(latest)
    if run is not None:
        profile = profile_of(store, run)
        head = f"{strong(plain(run.model.name))}  {faint(run.id)}  "
        if own_graph:
            return head + "the model's own graph", original(profile), [each.name for each in profile.operations]
        return head + "what the device runs", runtime(profile), names(profile)
    assert model is not None
    kept = store.models.graph(model.id)
    if kept is None:
        raise InputError(
            f"The graph of {plain(model.name, 60)} was not kept by the ovtui that imported it: "
            f"`ovtui import {plain(model.path)}` reads it again."
        )
    return (
        f"{strong(plain(model.name))}  the model's own graph",
        own(kept.operations),
        [o.name for o in kept.operations],
    )


def _meant(store: Store, text: str) -> tuple[Run | None, Model | None]:
    """A run before a model; InputError when it is neither."""
    try:
        return store.runs.find(text), None
    except InputError as error:
        found = store.models.find(text)
        if found:
            return None, found[0]
        if text == "last":
            raise
        raise InputError(f"{error} No model is called so either; `ovtui models` lists those.") from error


def _print(shown: Shown, fold: str, typed: str | None) -> None:
    graph = shown.graph
    found = frozenset(search(graph, typed)) if typed else frozenset()
    if fold != "auto":
        shown.folding = unfolded(shown.blocks) if fold == "none" else folded()
    for node in found:
        shown.folding = revealed(shown.blocks, shown.folding, node)
    told = [formatting.plural(len(graph), "node"), formatting.plural(graph.edges, "edge")]
    if graph.total_us:
        path = shown.critical
        told += [took(graph.total_us), f"critical path {took(path.length_us)} ({formatting.percent(path.share)})"]
    elif shown.total:
        told.append(f"{formatting.count(shown.total)}FLOPs")
    if typed:
        told.append(f"{len(found):,} found")
    click.echo(faint(", ".join(told)))
    drawn = Drawing(shown, ascii_only=has_few_glyphs())
    width = min(columns() or _WIDEST, _WIDEST)
    for row in range(len(drawn)):
        cost = drawn.cost(row)
        share = formatting.percent(cost / shown.total) if cost and shown.total else ""
        right = f"{shown.cost_text(cost):>9} {share:>6}  {drawn.bar(row, _BAR):<{_BAR}}"
        label = "  " * min(6, drawn.depth(row)) + drawn.label(row)
        kind, shape, *_ = drawn.kinds(row)
        room = max(12, width - drawn.width - 1 - len(right) - 1)
        for text in (f"{label}  {kind}  {shape}", f"{label}  {kind}", label):
            if cells(text.rstrip()) <= room:
                break
        line = f"{drawn.lane(row).text} {_fitted(text.rstrip(), room)} {right}".rstrip()
        click.echo(strong(line) if drawn.node(row) in found else line)


def _fitted(text: str, room: int) -> str:
    """In exactly so many columns."""
    shown = cut(text, room)
    return shown + " " * (room - cells(shown))
