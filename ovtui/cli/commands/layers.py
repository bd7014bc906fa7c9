"""`ovtui layers`: where time goes."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import get_args

import click

from ovtui import formatting, terminal
from ovtui.analysis import fusion, transitions
from ovtui.analysis import layers as analysis
from ovtui.analysis.filtering import Term, unfinished
from ovtui.analysis.layer_filter import COLUMNS, TEXTS, LayerColumns, terms
from ovtui.analysis.layer_groups import By, groups
from ovtui.analysis.roofline import ABOVE
from ovtui.cli.output import document, faint, field, json_option, strong, table
from ovtui.engine.reconcile import reconcile
from ovtui.errors import InputError
from ovtui.records import Profile, Run, RunFilter
from ovtui.report import summary
from ovtui.report.advising import advice, command_of
from ovtui.report.layers import layers_document, write_layers
from ovtui.sanitize import plain
from ovtui.store import Store, open_store

_BAR = 10
_FROM_THE_SMALLEST = frozenset({*TEXTS, "order", "cumulative"})


@click.command()
@click.argument("run", required=False)
@click.option(
    "--by",
    type=click.Choice(["layer", *get_args(By)]),
    default="layer",
    show_default=True,
    help="One by one, or put together.",
)
@click.option(
    "-f", "--filter", "typed", default="", metavar="TERMS",
    help="Words, time>50us, share>5%, type:Convolution, precision:bf16, kernel:ref, block:layer1 …; all must hold.",
)  # fmt: skip
@click.option(
    "--sort", type=click.Choice(COLUMNS), default="time", show_default=True, metavar="COLUMN", help="By what."
)
@click.option("--top", type=click.IntRange(0), default=20, show_default=True, help="So many rows; 0 for all.")
@click.option("-o", "--output", type=click.Path(path_type=Path), help="Write all rows to a .csv or .json file.")
@json_option
def command(
    run: str | None, by: str, typed: str, sort: str, top: int, output: Path | None, as_json: bool
) -> None:  # fmt: skip
    """Show where the time of RUN goes (an id, a label, `last`; default: the last one whose layers are known)."""
    grouped: By | None = None if by == "layer" else by  # type: ignore[assignment]  # click checked it
    _check(typed, grouped)
    with open_store() as store:
        reconcile(store)
        record = store.runs.find(run or store.runs.profiled() or "last")
        profile = profile_of(store, record)
        history = store.runs.page(RunFilter(model=record.model.id), limit=200)
        name = store.models.called(record.model)
    columns = LayerColumns(profile)
    places = columns.matching(terms(typed))
    found = advice(record, profile, history)
    if output is not None:
        write_layers(output, record, profile, columns, places, by=grouped, found=found, name=name)
        click.echo(f"Wrote {plain(output)}.", err=True)
    if as_json:
        document(layers_document(record, profile, columns, places, by=grouped, found=found, name=name))
    if as_json or output is not None:
        return
    click.echo(f"{strong(plain(record.model.name))}  {summary.settings(record)}  {faint(record.id)}")
    field("balance", analysis.balance(profile).text)
    told = analysis.concentration(profile)
    if told:
        field("hot", told)
    costs = analysis.counting_cost(profile)
    if costs is not None:
        field("counters", f"{costs}; {formatting.plural(profile.inferences, 'inference')}")
    if profile.ceilings is not None:
        field("ceilings", summary.ceilings(profile.ceilings))
    for note in analysis.notes(profile):
        field("!", plain(note))
    click.echo()
    if not profile.layers:
        click.echo("The profile of this run holds no layers.", err=True)
    elif grouped is not None:
        _groups(profile, grouped, top)
        if grouped == "precision":
            _transitions(profile)
    else:
        _layers(profile, columns, columns.ordered(places, sort, descending=sort not in _FROM_THE_SMALLEST), top)
    if found:
        click.echo()
    for each in found:
        field(">", f"{each.title}: {each.evidence}{f' {each.gain}' if each.gain else ''}", width=2)
        line = command_of(each, name)
        if line:
            field("", strong(plain(line)), width=2)


def _check(typed: str, by: By | None) -> None:
    if typed.strip() and by is not None:
        raise InputError(f"--filter picks single layers, and --by {by} puts all of them together: give one of the two.")
    check_filter(typed, terms)


def check_filter(typed: str, terms_of: Callable[[str], list[Term]]) -> None:
    """Half a term holds for everything while somebody types; a command line has been typed."""
    why = unfinished(typed, terms_of)
    if why is not None:
        raise InputError(why)


def profile_of(store: Store, run: Run) -> Profile:
    """InputError when its layers are not known, with what to do."""
    profile = store.runs.profile(run.id)
    if profile is None:
        if run.status in ("queued", "running"):
            raise InputError(f"Run {run.id} is going on; its layers are looked at when it has been measured.")
        name = plain(store.models.called(run.model))
        raise InputError(f"The layers of run {run.id} are not known. Measure with them: ovtui run {name}")
    return profile


def _layers(profile: Profile, columns: LayerColumns, places: list[int], top: int) -> None:
    if not places:
        click.echo("No such layers.", err=True)
        return
    by_place, names = {row.place: row for row in columns.rows}, fusion.names(profile)
    shown = places[:top] if top else places
    most = max((by_place[place].share or 0.0 for place in places), default=0.0)
    rows = []
    for place in shown:
        layer, row, roof = profile.layers[place], by_place[place], columns.roofs[place]
        rows.append(
            [
                str(layer.order),
                analysis.time_text(layer) or layer.status.replace("_", " "),
                formatting.percent(row.share),
                terminal.bar((row.share or 0.0) / most if most else 0.0, _BAR),
                plain(layer.type, 24),
                plain(layer.precision or formatting.NOTHING, 12),
                plain(layer.kernel or formatting.NOTHING, 28),
                formatting.number(roof.gflops),
                formatting.percent(roof.efficiency),
                ABOVE if roof.above else roof.bound or "",
                plain(names[place]) or formatting.NOTHING,
            ]
        )
    table(
        ("#", "TIME µs", "SHARE", "", "TYPE", "PREC", "KERNEL", "GFLOP/S", "EFF", "BOUND", "LAYER"),
        rows,
        right=frozenset({"#", "TIME µs", "SHARE", "GFLOP/S", "EFF"}),
        spare=("BOUND", "", "GFLOP/S", "EFF", "KERNEL", "PREC"),
    )
    if len(shown) < len(places):
        click.echo(f"… and {formatting.plural(len(places) - len(shown), 'more layer')}; --top 0 shows all.", err=True)


def _groups(profile: Profile, by: By, top: int) -> None:
    found = groups(profile, by)
    shown = found[:top] if top else found
    most = max((group.share or 0.0 for group in found), default=0.0)
    table(
        (by.upper(), "TIME µs", "SHARE", "", "LAYERS", "GFLOP/S"),
        [
            [
                plain(group.name, 60),
                formatting.number(group.time_us),
                formatting.percent(group.share),
                terminal.bar((group.share or 0.0) / most if most else 0.0, _BAR),
                str(group.executed),
                formatting.number(group.gflops),
            ]
            for group in shown
        ],
        right=frozenset({"TIME µs", "SHARE", "LAYERS", "GFLOP/S"}),
    )
    if len(shown) < len(found):
        click.echo(f"… and {len(found) - len(shown):,} more; --top 0 shows all.", err=True)


def _transitions(profile: Profile) -> None:
    matrix = transitions.transitions(profile)
    if matrix.precisions:
        click.echo(f"\n{strong('From (row) to (column), edges of the executed graph')}")
        titles = {name: plain(name, 20) for name in matrix.precisions}
        table(
            ("", *titles.values()),
            [
                [
                    titles[row],
                    *(
                        str(cell.edges) if (cell := matrix.cells.get((row, column))) else "·"
                        for column in matrix.precisions
                    ),
                ]
                for row in matrix.precisions
            ],
            right=frozenset(titles.values()),
        )
    causes = transitions.causes(transitions.conversions(profile))
    if causes:
        click.echo(f"\n{strong('Conversions')}")
        table(
            ("CAUSE", "LAYERS", "TIME µs", "SHARE"),
            [
                [plain(c.cause), str(c.layers), formatting.number(c.time_us), formatting.percent(c.share)]
                for c in causes
            ],
            right=frozenset({"LAYERS", "TIME µs", "SHARE"}),
        )
