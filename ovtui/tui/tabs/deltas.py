"""Layers of two profiles: what explains the difference first, layer by layer and put together."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar, cast, get_args

from rich.text import Text
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.message import Message
from textual.widgets import Input, Static

from ovtui import formatting, terminal
from ovtui.analysis.comparison.layer_explanation import By, Explanation, GroupDelta, beyond, explanation, group_deltas
from ovtui.analysis.comparison.layer_matching import Both, Row
from ovtui.analysis.comparison.row_filter import matching, only, terms
from ovtui.analysis.filtering import unfinished
from ovtui.records import LayerDifferences, Profile, Verdict
from ovtui.sanitize import plain
from ovtui.tui.screens.base import OvtuiScreen
from ovtui.tui.widgets.cells import Cell, Column, ListedRows
from ovtui.tui.widgets.field import Field
from ovtui.tui.widgets.table import Table

COLUMNS = (
    Column("mark", "", 1),
    Column("delta", "Δ µs", 8, right=True),
    Column("share", "OF Δ", 6, right=True, spare=1),
    Column("bar", "", 8, spare=4),
    Column("a", "A µs", 7, right=True),
    Column("b", "B µs", 7, right=True),
    Column("ratio", "B/A", 6, right=True),
    Column("precision", "PREC", 8),
    Column("type", "TYPE", 14, spare=3),
    Column("kernel", "KERNEL", 28, spare=5),
    Column("name", "LAYER", 14, grows=True, comfort=24),
)
_GROUPED = (
    Column("delta", "Δ µs", 9, right=True),
    Column("share", "OF Δ", 6, right=True),
    Column("bar", "", 8, spare=3),
    Column("a", "A µs", 9, right=True),
    Column("b", "B µs", 9, right=True),
    Column("layers", "LAYERS", 10, right=True, spare=1),
)
_BAR = 8
_STEPS = (1, 2, 5)


@dataclass(frozen=True)
class Explained:
    """Two profiles with all that the tabs ask of them, made once, beside the screen."""

    found: Explanation
    groups: dict[By, list[GroupDelta]]
    related: str | None = None  # how the models are, where layers can be matched only as far as names go


def explained(
    a: Profile | None,
    b: Profile | None,
    related: str | None = None,
    verdict: Verdict | None = None,
    layers: LayerDifferences | None = None,
) -> Explained:
    """Match the layers of two runs; `verdict`: of the runs altogether; `layers`: what is known of their differences."""
    grouped = {} if a is None or b is None else {by: group_deltas(a, b, by) for by in get_args(By)}
    return Explained(explanation(a, b, verdict, layers), grouped, related)


class DeltaRows:
    """Rows of a table, asked for when they are seen."""

    def __init__(self, rows: Sequence[tuple[int, Row]], found: Explanation) -> None:
        """`rows`: with their places among all of those that were `found`."""
        self.rows, self._found = rows, found
        self._most = max((abs(row.delta) for row in found.rows or () if row.delta is not None), default=0.0)

    def __len__(self) -> int:
        return len(self.rows)

    def key(self, index: int) -> str:
        return str(self.rows[index][0])

    def cells(self, index: int) -> dict[str, Cell]:
        place, row = self.rows[index]
        alone = only(row)
        return {
            "mark": Cell(self._found.mark(place), "bar"),
            **_figures(row.delta, row.share_of_difference, row.time_a, row.time_b, self._most),
            "ratio": Cell(f"only {alone}", "warning") if alone else Cell(_ratio(row.ratio)),
            "precision": Cell(change(row.precisions, 8)),
            "type": Cell(change(row.types, 30), "dim"),
            "kernel": Cell(change(row.kernels, 60), "dim"),
            "name": Cell(plain(row.name, 400) or formatting.NOTHING),
        }


class DeltasTab(Vertical):
    """Layer by layer."""

    DEFAULT_CSS = """
    DeltasTab { height: 1fr; }
    DeltasTab > #delta-words { height: auto; max-height: 4; padding: 0 1; color: $dim; }
    DeltasTab > #delta-filter { height: 1; margin: 0 1; }
    DeltasTab > Table { height: 1fr; }
    DeltasTab > #delta-details {
        height: 3; padding: 0 1; background: $surface; text-wrap: nowrap; text-overflow: ellipsis;
    }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("slash", "filter", "Filter", key_display="/"),
        Binding("t", "threshold(1)", "Only larger Δ"),
        Binding("T", "threshold(-1)", "Smaller Δ too", show=False),
        Binding("y", "copy", "Copy", show=False),
    ]

    class Chosen(Message):
        """Enter on a layer: show it where it runs."""

        def __init__(self, row: Row) -> None:
            super().__init__()
            self.row = row

    def __init__(self, *, id: str) -> None:
        super().__init__(id=id)
        self._seen: Explained | None = None
        self._rows: list[Row] = []
        self._within: tuple[By, str] | None = None
        self._least = 0.0
        self._typed = ""
        self._said = ""

    def compose(self) -> ComposeResult:
        yield Static(id="delta-words")
        field = Field(placeholder="words, delta>50us, type:conv, precision:i8, kernel:ref, only:b, share>5% …",
                      id="delta-filter", compact=True)  # fmt: skip
        field.display = False
        yield field
        yield Table(COLUMNS, id="delta-table")
        yield Static(id="delta-details")

    def show(self, seen: Explained) -> None:
        """Show these layers from now on."""
        rows = seen.found.rows
        if rows is None:
            self.explain(seen.found.text)
            return
        self._seen, self._rows = seen, rows
        self.query_one("#delta-table").display = self.query_one("#delta-details").display = True
        self._find()

    def explain(self, why: str) -> None:
        """Say why there are none."""
        self._seen, self._said = None, why
        self.query_one("#delta-words", Static).update(Text(why))
        self.query_one("#delta-table").display = self.query_one("#delta-details").display = False

    def within(self, by: By, name: str) -> None:
        """Only the layers of a group, as either side has them."""
        self._within = by, name
        self._write("")
        self._find()

    def _write(self, typed: str) -> None:
        field = self.query_one("#delta-filter", Input)
        self._typed = field.value = typed
        field.display = bool(typed)

    # -- what is shown

    def _find(self) -> None:
        if self._seen is None:
            return
        rows = self._rows if not self._least else beyond(self._rows, self._least)
        if self._within is not None:
            by, name = self._within
            rows = [row for row in rows if name in _in_groups(row, by)]
        left = matching(rows, terms(self._typed))
        numbers = {id(row): number for number, row in enumerate(self._rows)}
        shown = DeltaRows([(numbers[id(row)], row) for row in left], self._seen.found)
        self.query_one("#delta-table", Table).show(shown)
        self._headline(left)
        self._detail()

    def _headline(self, shown: Sequence[Row]) -> None:
        assert self._seen is not None
        text = f"{self._seen.found.text} {self._seen.found.legend}".rstrip()
        if self._seen.related is not None:
            text += f" {self._seen.related}"
        if len(shown) != len(self._rows):
            share = sum(row.share_of_difference or 0.0 for row in shown)
            within = f" in {plain(self._within[1], 40)}" if self._within else ""
            least = f" with |Δ| of {self._least:,g} µs or more" if self._least else ""
            text = (
                f"{len(shown):,} of {formatting.plural(len(self._rows), 'layer')}{within}{least}: "
                f"{_percent(share)} of the difference."
            )
        why = unfinished(self._typed, terms, "delta>50us")
        if why is not None:
            text = f"{why} {text}"
        if text != self._said:
            self._said = text
            self.query_one("#delta-words", Static).update(Text(text))

    def _detail(self) -> None:
        key = self.query_one("#delta-table", Table).cursor_key
        text = Text() if key is None else details(self._rows[int(key)], self._interval(int(key)))
        self.query_one("#delta-details", Static).update(text, layout=False)

    def _interval(self, place: int) -> tuple[float, float] | None:
        return None if self._seen is None else self._seen.found.interval(place)

    # -- keys

    def on_input_changed(self, event: Input.Changed) -> None:
        event.stop()
        if event.value != self._typed:
            self._typed = event.value
            self._find()

    def on_input_submitted(self, event: Input.Submitted) -> None:
        event.stop()
        self.query_one("#delta-table").focus()

    def on_table_moved(self, event: Table.Moved) -> None:
        event.stop()
        self._detail()

    def on_table_opened(self, event: Table.Opened) -> None:
        event.stop()
        self.post_message(self.Chosen(self._rows[int(event.key)]))

    def action_filter(self) -> None:
        if self._seen is not None:
            field = self.query_one("#delta-filter", Input)
            field.display = True
            field.focus()

    def action_threshold(self, by: int) -> None:
        """The next of 1, 2, 5, 10 …; above the largest delta it begins anew."""
        most = max((abs(row.delta) for row in self._rows if row.delta is not None), default=0.0)
        steps = [0.0, *_thresholds(most)]
        self._least = steps[(steps.index(self._least) + by) % len(steps)] if self._least in steps else 0.0
        self._find()
        self.query_one("#delta-table", Table).action_jump(0)

    def action_copy(self) -> None:
        table = self.query_one("#delta-table", Table)
        columns = [column for column in COLUMNS if column.key != "bar"]
        lines = ["\t".join(column.title for column in columns)]
        for index in range(len(table.rows)):
            cells = table.rows.cells(index)
            lines.append("\t".join(cells[column.key].text for column in columns))
        cast(OvtuiScreen, self.screen).ovtui.copy(f"{self._said}\n" + "\n".join(lines), "the layers")

    def back(self) -> bool:
        """Out of the filter, then out of what it left; False when there is nothing to leave."""
        field, table = self.query_one("#delta-filter", Input), self.query_one("#delta-table", Table)
        if field.has_focus:
            table.focus()
            field.display = bool(field.value)
        elif field.value or self._within is not None or self._least:
            self._within, self._least = None, 0.0
            self._write("")
            self._find()
        else:
            return False
        return True


class GroupDeltasTab(Vertical):
    """By type, precision or kernel."""

    DEFAULT_CSS = """
    GroupDeltasTab { height: 1fr; }
    GroupDeltasTab > #group-words { height: auto; max-height: 3; padding: 0 1; color: $dim; }
    GroupDeltasTab > Table { height: 1fr; max-width: 110; }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("b", "by", "Group by"),
        Binding("y", "copy", "Copy", show=False),
    ]

    class Chosen(Message):
        """Enter on a group: show its layers."""

        def __init__(self, by: By, name: str) -> None:
            super().__init__()
            self.by, self.name = by, name

    def __init__(self, *, id: str) -> None:
        super().__init__(id=id)
        self._seen: Explained | None = None
        self._by: By = "type"

    def compose(self) -> ComposeResult:
        yield Static(id="group-words")
        yield Table((Column("name", "", 16, grows=True), *_GROUPED), id="group-table")

    def show(self, seen: Explained) -> None:
        """Show these layers from now on."""
        if seen.found.rows is None:
            self.explain(seen.found.text)
            return
        self._seen = seen
        self.query_one("#group-table").display = True
        self._fill()

    def explain(self, why: str) -> None:
        """Say why there are none."""
        self._seen = None
        self.query_one("#group-words", Static).update(Text(why))
        self.query_one("#group-table").display = False

    def _fill(self) -> None:
        if self._seen is None:
            return
        groups = self._seen.groups[self._by]
        most = max((abs(group.delta) for group in groups if group.delta is not None), default=0.0)
        table = self.query_one("#group-table", Table)
        table.set_columns([Column("name", self._by.upper(), 16, grows=True), *_GROUPED])
        table.show(ListedRows([(str(i), _group_cells(group, most)) for i, group in enumerate(groups)]))
        ways = "  ".join(f"[{way}]" if way == self._by else way for way in get_args(By))
        self.query_one("#group-words", Static).update(Text(f"By {ways}: each side's layers by what they are there."))

    def on_table_moved(self, event: Table.Moved) -> None:
        event.stop()

    def on_table_opened(self, event: Table.Opened) -> None:
        event.stop()
        if self._seen is not None:
            self.post_message(self.Chosen(self._by, self._seen.groups[self._by][int(event.key)].name))

    def action_by(self) -> None:
        ways = get_args(By)
        self._by = ways[(ways.index(self._by) + 1) % len(ways)]
        self._fill()
        self.query_one("#group-table", Table).action_jump(0)

    def action_copy(self) -> None:
        rows = self.query_one("#group-table", Table).rows
        columns = [Column("name", self._by.upper(), 16), *(column for column in _GROUPED if column.key != "bar")]
        lines = ["\t".join(column.title for column in columns)]
        for index in range(len(rows)):
            cells = rows.cells(index)
            lines.append("\t".join(cells[column.key].text for column in columns))
        cast(OvtuiScreen, self.screen).ovtui.copy("\n".join(lines), "the table")

    def back(self) -> bool:
        """There is nothing to leave."""
        return False


def change(sides: Both, limit: int) -> str:
    """`f32 → i8`; once where both are the same, or only one side tells. Safe to show."""
    a, b = sides
    if a is None or b is None or a == b:
        return plain(a if b is None else b, limit * 2) if (a, b) != (None, None) else formatting.NOTHING
    return f"{plain(a, limit)}→{plain(b, limit)}"


def details(row: Row, ci95: tuple[float, float] | None = None) -> Text:
    """All that is known of a layer on both sides, what tells most first; `ci95`: of its difference, µs."""
    text = Text(plain(row.name, 300) or formatting.NOTHING, style="bold")
    alone = only(row)
    times = f"A {formatting.number(row.time_a)} µs, B {formatting.number(row.time_b)} µs"
    if alone is not None:
        times = f"Only {alone} has it, {formatting.number(row.time_b if alone == 'B' else row.time_a)} µs"
    share = "" if row.share_of_difference is None else f", {_percent(row.share_of_difference)} of the difference"
    between = "" if ci95 is None else f", Δ {signed(ci95[0])} to {signed(ci95[1])} µs"
    text.append(f"\n{times}{between}{share}   {change(row.types, 40)}   {change(row.precisions, 20)}", style="not bold")
    return text.append(f"\n{change(row.kernels, 60)}", style="not bold dim")


def signed(value: float | None) -> str:
    """`+12.3`, `−12.3`: which way is told by more than a colour."""
    if value is None:
        return formatting.NOTHING
    return f"{'−' if value < 0 else '+'}{formatting.number(abs(value))}" if value else "0"


def _figures(
    delta: float | None, share: float | None, a: float | None, b: float | None, most: float
) -> dict[str, Cell]:
    return {
        "delta": Cell(signed(delta), "" if not delta else "good" if delta < 0 else "bad"),
        "share": Cell("" if share is None else _percent(share)),
        "bar": Cell(terminal.bar(abs(delta or 0.0) / most if most else 0.0, _BAR), "bar"),
        "a": Cell(formatting.number(a)),
        "b": Cell(formatting.number(b)),
    }


def _group_cells(group: GroupDelta, most: float) -> dict[str, Cell]:
    layers = str(group.layers_a) if group.layers_a == group.layers_b else f"{group.layers_a} → {group.layers_b}"
    return {
        **_figures(group.delta, group.share_of_difference, group.time_a, group.time_b, most),
        "layers": Cell(layers),
        "name": Cell(plain(group.name, 200)),
    }


def _percent(share: float) -> str:
    """With the minus that `signed` has, but not before a zero."""
    text = formatting.percent(share).replace("-", "−")
    return text.lstrip("−") if abs(share) < 5e-4 else text


def _ratio(value: float | None) -> str:
    return "" if value is None else f"{value:.2f}" if value < 100 else f"{value:.0f}"


def _in_groups(row: Row, by: By) -> frozenset[str]:
    """The groups that a layer is in, on either side."""
    sides = {"type": row.types, "precision": row.precisions, "kernel": row.kernels}[by]
    places = (row.place_a, row.place_b)
    return frozenset(side or formatting.NOTHING for side, place in zip(sides, places, strict=True) if place is not None)


def _thresholds(most: float) -> list[float]:
    found = []
    power = 1.0
    while power <= most:
        found += [power * step for step in _STEPS if power * step <= most]
        power *= 10
    return found
