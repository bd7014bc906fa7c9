"""Layers: a row for each, filtered as one types, sorted by any column, put together, and the details of one."""

from __future__ import annotations

import re
from collections.abc import Sequence
from textwrap import wrap
from typing import ClassVar, cast, get_args

from rich.text import Text
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.message import Message
from textual.widgets import Input, Static

from ovtui import formatting, terminal
from ovtui.analysis import fusion
from ovtui.analysis.filtering import unfinished
from ovtui.analysis.layer_filter import terms
from ovtui.analysis.layer_groups import By, Group, groups
from ovtui.analysis.layers import is_time_open, neighbours, time_text
from ovtui.analysis.roofline import ABOVE
from ovtui.records import Layer, Operation
from ovtui.sanitize import plain
from ovtui.tui.profile_view import ProfileView
from ovtui.tui.screens.base import OvtuiScreen
from ovtui.tui.screens.text_dialog import TextDialog
from ovtui.tui.widgets.cells import Cell, Column, ListedRows
from ovtui.tui.widgets.field import Field
from ovtui.tui.widgets.table import Table

COLUMNS = (
    Column("order", "#", 4, right=True, spare=3, sortable=True),
    Column("time", "TIME µs", 8, right=True, sortable=True),
    Column("share", "SHARE", 6, right=True, sortable=True),
    Column("bar", "", 8, spare=1),
    Column("cumulative", "CUM", 5, right=True, spare=6, sortable=True),
    Column("type", "TYPE", 14, sortable=True),
    Column("precision", "PREC", 5, sortable=True),
    Column("kernel", "KERNEL", 20, spare=5, sortable=True),
    Column("gflops", "GFLOP/S", 8, right=True, spare=4, sortable=True),
    Column("efficiency", "EFF", 5, right=True, spare=3, sortable=True),
    Column("bound", "BOUND", 7, spare=7),
    Column("name", "LAYER", 14, grows=True, comfort=20, sortable=True),
)
_GROUPED = (
    Column("name", "", 16, grows=True),
    Column("time", "TIME µs", 10, right=True),
    Column("share", "SHARE", 6, right=True),
    Column("bar", "", 12, spare=1),
    Column("layers", "LAYERS", 7, right=True),
    Column("gflops", "GFLOP/S", 8, right=True, spare=2),
)
_MOST_LINES = 3  # of the words above, as in the style below
_FROM_THE_LARGEST = frozenset({"time", "share", "gflops", "efficiency"})


class LayerRows:
    """The places that a filter left, in the order they are sorted in."""

    def __init__(self, seen: ProfileView, places: Sequence[int]) -> None:
        self._seen, self.places = seen, places

    def __len__(self) -> int:
        return len(self.places)

    def key(self, index: int) -> str:
        return str(self.places[index])

    def cells(self, index: int) -> dict[str, Cell]:
        return self._seen.cells(self.places[index])


def group_cells(group: Group, most: float) -> dict[str, Cell]:
    """A line for layers that were put together."""
    return {
        "name": Cell(plain(group.name, 200)),
        "time": Cell(formatting.number(group.time_us)),
        "share": Cell(formatting.percent(group.share)),
        "bar": Cell(terminal.bar((group.share or 0.0) / most if most else 0.0, 12), "bar"),
        "layers": Cell(f"{group.executed:,}"),
        "gflops": Cell(formatting.number(group.gflops) if group.gflops else "", "dim"),
    }


def _sentences(text: str, width: int, lines: int) -> str:
    """As many whole sentences of `text` as `lines` have room for."""
    kept = ""
    for sentence in re.split(r"(?<=\.) (?=[A-Z])", text):
        longer = f"{kept} {sentence}".lstrip()
        if len(wrap(longer, width)) > lines:
            break
        kept = longer
    return kept


class LayersTab(Vertical):
    """The layers of a run."""

    DEFAULT_CSS = """
    LayersTab { height: 1fr; }
    LayersTab > #layer-words { height: auto; max-height: 3; padding: 0 1; color: $dim; }
    LayersTab > #layer-filter { height: 1; margin: 0 1; }
    LayersTab > Table { height: 1fr; }
    LayersTab.grouped > Table { max-width: 100; }
    LayersTab > #layer-details {
        height: 5; padding: 0 1; background: $surface; text-wrap: nowrap; text-overflow: ellipsis;
    }
    LayersTab.tall > #layer-details { height: 7; }
    LayersTab.grouped > #layer-details, LayersTab.away > #layer-details { display: none; }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("slash", "filter", "Filter", key_display="/"),
        Binding("s", "sort(1)", "Sort"),
        Binding("b", "by", "Group by"),
        Binding("d", "details", "Details"),
        Binding("i", "away", "Put the details below away, or back", show=False),
        Binding("S", "sort(-1)", "Sort by the column before", show=False),
        Binding("r", "reverse", "Turn the order round", show=False),
        Binding("y", "copy", "Copy", show=False),
    ]

    class Chosen(Message):
        """Enter on a layer: show it in the graph."""

        def __init__(self, place: int) -> None:
            super().__init__()
            self.place = place

    def __init__(self, *, id: str) -> None:
        super().__init__(id=id)
        self._seen: ProfileView | None = None
        self._sort, self._descending = "time", True
        self._by: By | None = None
        self._within: Group | None = None
        self._groups: list[Group] = []
        self._typed = ""  # the filter that is shown
        self._said = ""  # the words above

    def compose(self) -> ComposeResult:
        yield Static(id="layer-words")
        field = Field(placeholder="words, time>50us, share>5%, type:conv, precision:bf16, kernel:ref, block:…",
                      id="layer-filter", compact=True)  # fmt: skip
        field.display = False
        yield field
        yield Table(COLUMNS, id="layer-table")
        yield Static(id="layer-details")

    def on_resize(self) -> None:
        self.set_class(self.size.height >= _TALL, "tall")

    def show(self, seen: ProfileView) -> None:
        """Show these layers from now on."""
        self._seen = seen
        self._find()

    @property
    def places(self) -> Sequence[int]:
        """The layers that are shown, in their order; all of them where they are put together."""
        rows = self.query_one("#layer-table", Table).rows
        if isinstance(rows, LayerRows):
            return rows.places
        return self._seen.columns.order if self._seen is not None else ()

    @property
    def place(self) -> int | None:
        """The one that is selected; None where layers are put together, or there are none."""
        key = self.query_one("#layer-table", Table).cursor_key
        return None if self._seen is None or key is None or self._by is not None else int(key)

    def explain(self, why: str) -> None:
        """Say why there are none."""
        self._said = why
        self.query_one("#layer-words", Static).update(Text(why))
        self.query_one("#layer-table").display = self.query_one("#layer-details").display = False

    def filter(self, typed: str, within: Group | None = None) -> None:
        """Show what `typed` leaves, of the layers of a group if one is given."""
        self._by, self._within = None, within
        self._write(typed)
        self._find()
        self.query_one("#layer-table").focus()

    def _write(self, typed: str) -> None:
        """Into the filter's line, as if it had been typed; without anything in it the line is not there."""
        field = self.query_one("#layer-filter", Input)
        self._typed = field.value = typed
        field.display = bool(typed)

    def select(self, place: int) -> None:
        """Bring the cursor to a layer, whatever hides it."""
        table = self.query_one("#layer-table", Table)
        if not isinstance(table.rows, LayerRows) or place not in table.rows.places:
            self.filter("")
        if self._seen is not None:
            table.go_to(str(place))

    # -- what is shown

    def _find(self) -> None:
        seen, table = self._seen, self.query_one("#layer-table", Table)
        if seen is None:
            return
        self.set_class(self._by is not None, "grouped")
        if self._by is not None:
            self._groups = groups(seen.profile, self._by)
            most = max((group.share or 0.0 for group in self._groups), default=0.0)
            table.set_columns([Column("name", self._by.upper(), 16, grows=True), *_GROUPED[1:]])
            table.set_sort(None)
            table.show(ListedRows([(str(i), group_cells(group, most)) for i, group in enumerate(self._groups)]))
        else:
            places = seen.columns.matching(terms(self._typed))
            if self._within is not None:
                inside = frozenset(self._within.places)
                places = [place for place in places if place in inside]
            places = seen.columns.ordered(places, self._sort, descending=self._descending)
            table.set_columns(COLUMNS)
            table.set_sort(self._sort, descending=self._descending)
            table.show(LayerRows(seen, places))
        self._headline()
        self._detail()
        self.refresh_bindings()

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Of layers that are put together there are no details, nor where none is left."""
        return action != "details" or self.place is not None

    def _headline(self) -> None:
        seen, table = self._seen, self.query_one("#layer-table", Table)
        if seen is None:
            return
        text, whole, line = seen.headline, True, self.query_one("#layer-words", Static)
        if isinstance(table.rows, LayerRows) and len(table.rows) != len(seen.columns):
            share = sum(seen.row_at[place].share or 0.0 for place in table.rows.places)
            within = f" in {plain(self._within.name, 60)}" if self._within else ""
            of_all = formatting.plural(len(seen.columns), "layer")
            shown = f"{len(table.rows):,} of {of_all}{within}: {formatting.percent(share)} of the time."
        else:
            shown = ""
        why = unfinished(self._typed, terms)
        told = " ".join(filter(None, (why, shown)))
        if told:
            # If they suffice, in as many lines as without a filter: laying out anew at each letter would be slow.
            width = max(20, self.size.width - 2)
            needed = len(wrap(told, width))
            lines = min(_MOST_LINES, len(wrap(text, width))) - needed
            text, whole = f"{told}\n{_sentences(text, width, lines)}".rstrip(), needed > line.size.height
        if text != self._said:
            self._said = text
            line.update(Text(text), layout=whole)

    def _detail(self) -> None:
        box = self.query_one("#layer-details", Static)
        if box.display:
            told = None if self._seen is None or (place := self.place) is None else details(self._seen, place)
            box.update(told or "", layout=False)

    # -- keys

    def on_input_changed(self, event: Input.Changed) -> None:
        event.stop()
        if event.value != self._typed:
            self._typed, self._by = event.value, None
            self._find()

    def on_input_submitted(self, event: Input.Submitted) -> None:
        event.stop()
        self.query_one("#layer-table").focus()

    def on_table_moved(self, event: Table.Moved) -> None:
        event.stop()
        self._detail()

    def on_table_opened(self, event: Table.Opened) -> None:
        event.stop()
        if self._by is not None:
            self.filter("", self._groups[int(event.key)])
        else:
            self.post_message(self.Chosen(int(event.key)))

    def on_table_sort_asked(self, event: Table.SortAsked) -> None:
        event.stop()
        if event.column == self._sort:
            self.action_reverse()
        else:
            self._sort_by(event.column)

    def action_filter(self) -> None:
        field = self.query_one("#layer-filter", Input)
        field.display = True
        field.focus()

    def action_sort(self, by: int) -> None:
        keys = [column.key for column in COLUMNS if column.sortable]
        self._sort_by(keys[(keys.index(self._sort) + by) % len(keys)])

    def _sort_by(self, column: str) -> None:
        self._sort, self._descending = column, column in _FROM_THE_LARGEST
        self._resort()

    def action_reverse(self) -> None:
        self._descending = not self._descending
        self._resort()

    def _resort(self) -> None:
        self._by = None
        self._find()
        self.query_one("#layer-table", Table).action_jump(0)

    def action_by(self) -> None:
        ways: list[By | None] = [None, *get_args(By)]
        self._by = ways[(ways.index(self._by) + 1) % len(ways)]
        self._within = None
        self._write("")  # groups are of all layers
        self._find()
        self.query_one("#layer-table", Table).action_jump(0)

    def action_details(self) -> None:
        """All of them, of which the lines below have room for the beginning."""
        if self._seen is not None and (place := self.place) is not None:
            self.app.push_screen(TextDialog("Layer", details(self._seen, place, whole=True)))

    def action_away(self) -> None:
        self.toggle_class("away")
        self._detail()

    def action_copy(self) -> None:
        table = self.query_one("#layer-table", Table)
        columns = _GROUPED if self._by is not None else COLUMNS
        lines = []
        for index in range(len(table.rows)):
            cells = table.rows.cells(index)
            lines.append("\t".join(cells[column.key].text for column in columns if column.key != "bar"))
        cast(OvtuiScreen, self.screen).ovtui.copy("\n".join(lines), "the layers")

    def back(self) -> bool:
        """Out of the filter, then out of what it left; False when there is nothing to leave."""
        field, table = self.query_one("#layer-filter", Input), self.query_one("#layer-table", Table)
        if field.has_focus:
            table.focus()
            field.display = bool(field.value)
        elif field.value or self._within is not None or self._by is not None:
            self.filter("")
        else:
            return False
        return True


def _time(layer: Layer) -> str:
    """In µs: with the scatter of stretches, or with what the counters leave open, whichever is more."""
    time = time_text(layer) or formatting.number(layer.time_us)
    resolution = ((layer.high_us or 0.0) - (layer.low_us or 0.0)) / 2
    around = max(layer.spread_us or 0.0, resolution)
    return time if is_time_open(layer) or not around else f"{time} ±{formatting.number(around)}"


def details(seen: ProfileView, place: int, *, whole: bool = False) -> Text:
    """What is known of a layer, what tells most first: in seven lines, or the `whole` of it, however long that is."""
    layer, row, roof = seen.profile.layers[place], seen.row_at[place], seen.columns.roofs[place]
    operations, layers = seen.profile.operations, seen.profile.layers
    text = Text(seen.called(place, None if whole else 300), style="bold")
    if layer.name != seen.names[place]:
        text.append(f"  the device's {plain(layer.name, None if whole else 120)}", style="dim not bold")
    given = [
        f"{plain(tensor.type)}{formatting.shape(tensor.shape)} {plain(tensor.layout or '')}" for tensor in layer.outputs
    ]
    text.append(f"\n{plain(layer.type)}", style="not bold")
    ran = f"  {plain(layer.kernel or 'no kernel told')}  {plain(layer.precision or '')}  → {', '.join(given)}"
    text.append(ran, style="not bold dim")
    if layer.time_us is None:
        short = time_text(layer)
        text.append(f"\n{_STATUS[layer.status] if short is None else f'{short} µs'}", style="not bold")
    else:
        figures = [f"{_time(layer)} µs", formatting.percent(row.share)]
        if roof.efficiency is not None:
            figures.append(f"{formatting.percent(roof.efficiency)} of what {roof.bound} allows")
            figures.append(ABOVE if roof.above else f"{formatting.number(roof.recoverable_us)} µs to win")
        text.append("\n" + ", ".join(figures), style="not bold")
    work = [f"{formatting.count(layer.flops)}FLOPs"] if layer.flops else []
    work += [formatting.size(layer.bytes)] if layer.bytes else []
    work += [f"{formatting.number(roof.gflops)} GFLOP/s"] if roof.gflops else []
    work += [f"{formatting.number(roof.gbytes)} GB/s"] if roof.gbytes else []
    text.append("\n" + (", ".join(work) or "no arithmetic told"), style="not bold dim")
    held = seen.origins.layers[place]
    limit = None if whole else _NAME
    made = [
        f"{plain(operations[i].name, limit)} ({plain(operations[i].type, 30)}"
        f"{_attributes(operations[i], None if whole else _ATTRIBUTES)})"
        for i in held
    ] or [plain(name, limit) for name in layer.original]
    told = made or ["nothing of the model: the device put it in"]
    text.append(listed("made of", told, whole=True) if whole else f"\nmade of  {', '.join(told)}", style="not bold dim")
    near = neighbours(layers, place)
    for title, places in (("from", near.producers), ("to", near.consumers)):
        text.append(listed(title, [seen.called(p, limit) for p in places], whole=whole), style="not bold dim")
    return text


def listed(title: str, names: Sequence[str], *, whole: bool) -> str:
    """Names in a line of their own, the first of them; or the `whole` of them, a line for each."""
    if whole:
        return f"\n{title:<7}  " + "\n         ".join(names or [formatting.NOTHING])
    more = f" and {len(names) - _NAMES} more" if len(names) > _NAMES else ""
    return f"\n{title:<7}  {', '.join(names[:_NAMES]) or formatting.NOTHING}{more}"


_NAME, _ATTRIBUTES, _NAMES = 60, 160, 6  # characters of each, and how many names, where a thing has a line
_TALL = 28  # lines from which on there is room for all details


def _attributes(operation: Operation, limit: int | None) -> str:
    """Of what a layer was made of: strides, windows, the shapes of weights."""
    return f": {plain(operation.attributes, limit)}" if operation.attributes else ""


_STATUS = {
    "executed": "no time told",
    "optimized_out": "optimized out: it takes no time",
    "not_run": "not run, or in less than 2 µs",
}


def fate(seen: ProfileView, operation: int) -> str:
    """What became of one of the model's own operations."""
    return fusion.sentence(seen.origins.operations[operation], seen.profile.layers)
