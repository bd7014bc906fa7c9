"""A table that draws only what is on the screen: a hundred thousand rows cost as much as twenty."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import ClassVar

from rich.segment import Segment
from rich.style import Style
from textual import events
from textual.app import RenderResult
from textual.binding import Binding, BindingType
from textual.geometry import Region, Size
from textual.message import Message
from textual.strip import Strip
from textual.widget import Widget

from ovtui.terminal import has_few_glyphs
from ovtui.tui.widgets.cells import Column, ListedRows, NoRows, Rows, fitted

_GAP = 2
_WHEEL = 3  # rows that the wheel moves


class Table(Widget, can_focus=True):
    """Rows with a cursor, marks, and a head that stays. The rows are the caller's; this only shows them.

    It scrolls by itself: Textual's scrollbars would lay the whole screen out anew at each change of focus.
    """

    COMPONENT_CLASSES: ClassVar[set[str]] = {
        "head", "sorted", "cursor", "resting", "dim", "good", "warning", "bad", "bar", "mark", "thumb",
    }  # fmt: skip
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("enter", "open", "Open"),
        Binding("up,k", "move(-1)", "Up", show=False),
        Binding("down,j", "move(1)", "Down", show=False),
        Binding("pageup,ctrl+b", "page(-1)", "Page up", show=False),
        Binding("pagedown,ctrl+f", "page(1)", "Page down", show=False),
        Binding("home,g", "jump(0)", "First", show=False),
        Binding("end,G", "jump(-1)", "Last", show=False),
    ]

    class Opened(Message):
        """Enter or a click on the row of the cursor."""

        def __init__(self, table: Table, key: str) -> None:
            super().__init__()
            self.table, self.key = table, key

        @property
        def control(self) -> Table:
            return self.table

    class Moved(Message):
        """The cursor is on another row; None when there is none."""

        def __init__(self, table: Table, key: str | None) -> None:
            super().__init__()
            self.table, self.key = table, key

        @property
        def control(self) -> Table:
            return self.table

    class SortAsked(Message):
        """A click on a column's title."""

        def __init__(self, table: Table, column: str) -> None:
            super().__init__()
            self.table, self.column = table, column

        @property
        def control(self) -> Table:
            return self.table

    def __init__(
        self,
        columns: Sequence[Column],
        *,
        head: bool = True,
        marks: bool = False,
        newest_first: bool = False,
        one_click: bool = False,
        id: str | None = None,
        classes: str | None = None,
    ) -> None:
        """`newest_first`: new rows come at the top, and a cursor on the newest is not led away from there by them.

        `one_click`: a click opens a row wherever the cursor is.
        """
        super().__init__(id=id, classes=classes)
        self._columns = list(columns)
        self._head = head
        self._with_marks = marks
        self._newest_first, self._one_click = newest_first, one_click
        self._rows: Rows = NoRows()
        self._cursor = 0
        self._top = 0  # the first row that is seen
        self._sort: tuple[str, bool] | None = None  # column, descending
        self._layout: tuple[int, list[tuple[Column, int]]] | None = None  # for a width
        self.marked: dict[str, None] = {}  # keys, in the order they were marked

    # -- what it shows

    @property
    def rows(self) -> Rows:
        return self._rows

    def show(self, rows: Rows, *, keep: str | None = None) -> None:
        """Show `rows`; the cursor stays on the row with its key, or `keep`, if that is near where it was."""
        key = keep or self.cursor_key
        same = type(rows) is type(self._rows) and isinstance(rows, ListedRows) and rows == self._rows
        if same and keep is None:
            return
        grown, self._rows = len(rows) != len(self._rows), rows
        at_newest = self._newest_first and self._cursor == 0
        self._cursor = self._find(key)
        if at_newest and (self.cursor_key != key or self._cursor >= self._body_height):
            self._cursor = 0
        self._reveal()
        height = self.styles.height
        self.refresh(layout=grown and height is not None and height.is_auto)
        if self.cursor_key != key:
            self.post_message(self.Moved(self, self.cursor_key))

    def get_content_height(self, container: Size, viewport: Size, width: int) -> int:
        return max(1, len(self._rows)) + int(self._head)

    def set_columns(self, columns: Sequence[Column]) -> None:
        self._columns = list(columns)
        self._layout = None
        self.refresh()

    def room(self, key: str) -> int:
        """The cells of a column; none if the table is too narrow for it."""
        return next((width for column, width in self._placed() if column.key == key), 0)

    def set_sort(self, column: str | None, *, descending: bool = False) -> None:
        """Which title gets an arrow."""
        self._sort = None if column is None else (column, descending)
        self.refresh()

    @property
    def cursor(self) -> int:
        return self._cursor

    @property
    def cursor_key(self) -> str | None:
        return self._rows.key(self._cursor) if self._cursor < len(self._rows) else None

    def go_to(self, key: str) -> None:
        """Bring the cursor to the row with this key, wherever it is."""
        for index in range(len(self._rows)):
            if self._rows.key(index) == key:
                self._go(index)
                return

    def toggle_mark(self) -> None:
        """Mark the row of the cursor, or no longer; the cursor goes on."""
        key = self.cursor_key
        if key is None:
            return
        if key in self.marked:
            del self.marked[key]
        else:
            self.marked[key] = None
        self._refresh_line(self._cursor)
        self.action_move(1)

    def clear_marks(self) -> None:
        self.marked.clear()
        self.refresh()

    # -- keys

    def action_open(self) -> None:
        key = self.cursor_key
        if key is not None:
            self.post_message(self.Opened(self, key))

    def action_move(self, by: int) -> None:
        self._go(self._cursor + by)

    def action_page(self, by: int) -> None:
        self._go(self._cursor + by * max(1, self._body_height - 1))

    def action_jump(self, to: int) -> None:
        self._go(to if to >= 0 else len(self._rows) - 1)

    def _go(self, index: int) -> None:
        index = max(0, min(index, len(self._rows) - 1))
        if index == self._cursor or not len(self._rows):
            return
        before, self._cursor = self._cursor, index
        if not self._reveal():
            for row in {before, index, self._thumb(before), self._thumb(index)}:
                self._refresh_line(row)
        self.post_message(self.Moved(self, self.cursor_key))

    def on_click(self, event: events.Click) -> None:
        place = event.get_content_offset(self)
        if place is None:
            return
        if self._head and place.y == 0:
            column = self._column_at(place.x)
            if column is not None and column.sortable:
                self.post_message(self.SortAsked(self, column.key))
            return
        index = self._top + place.y - int(self._head)
        if 0 <= index < len(self._rows):
            if index == self._cursor or self._one_click or event.chain > 1:
                self._cursor = index
                self.action_open()
            else:
                self._go(index)

    def on_mouse_scroll_down(self, event: events.MouseScrollDown) -> None:
        self._scroll(self._top + _WHEEL)
        event.stop()

    def on_mouse_scroll_up(self, event: events.MouseScrollUp) -> None:
        self._scroll(self._top - _WHEEL)
        event.stop()

    def on_resize(self) -> None:
        self._layout = None
        self._reveal()
        self.refresh()

    def on_focus(self) -> None:
        self._refresh_line(self._cursor)

    def on_blur(self) -> None:
        self._refresh_line(self._cursor)

    # -- places

    @property
    def _body_height(self) -> int:
        return max(1, self.size.height - int(self._head))

    @property
    def _overflows(self) -> bool:
        return len(self._rows) > self._body_height

    def _find(self, key: str | None) -> int:
        """The row with `key`, looked for around where the cursor was; else the nearest place."""
        count = len(self._rows)
        if not count:
            return 0
        here = min(self._cursor, count - 1)
        if key is not None:
            for index in _outwards(here, count, 2000):
                if self._rows.key(index) == key:
                    return index
        return here

    def _reveal(self) -> bool:
        """Scroll so that the cursor can be seen; whether that moved anything."""
        top, height = self._top, self._body_height
        wanted = top
        if not top <= self._cursor < top + height:
            # By jumps: a row at a time would draw all of them for each key, which a slow line feels.
            wanted = self._cursor - height // 2
        return self._scroll(wanted)

    def _scroll(self, top: int) -> bool:
        """Make `top` the first row, or the nearest that leaves no room empty; whether that moved anything."""
        top = max(0, min(top, len(self._rows) - self._body_height))
        if top == self._top:
            return False
        self._top = top
        self.refresh()
        return True

    def _refresh_line(self, index: int) -> None:
        line = index - self._top + int(self._head)
        if 0 <= line < self.size.height:
            self.refresh(Region(0, line, self.size.width, 1))

    def _thumb(self, cursor: int) -> int:
        """The row beside which the mark of a cursor's place in the whole stands."""
        if not self._overflows:
            return cursor
        return self._top + round(cursor / (len(self._rows) - 1) * (self._body_height - 1))

    def _placed(self) -> list[tuple[Column, int]]:
        """The columns that fit, with their widths."""
        room = self.size.width - (2 if self._with_marks else 0) - (2 if self._overflows else 0)
        if self._layout is None or self._layout[0] != room:
            shown = list(self._columns)
            for least, luxury in (
                (lambda column: max(column.width, column.comfort), 3),
                (lambda column: column.width, 1),
            ):
                while shown and sum(map(least, shown)) + _GAP * (len(shown) - 1) > room:
                    spare = max(shown, key=lambda column: column.spare)
                    if spare.spare < luxury:
                        break
                    shown.remove(spare)
            left = room - sum(column.width for column in shown) - _GAP * max(0, len(shown) - 1)
            growing = sum(column.grows for column in shown)
            widths = []
            for column in shown:
                extra = left // growing if column.grows and growing else 0
                widths.append(max(4, column.width + extra) if column.grows else column.width)
            self._layout = room, list(zip(shown, widths, strict=True))
        return self._layout[1]

    def _column_at(self, x: int) -> Column | None:
        x -= 2 if self._with_marks else 0
        for column, width in self._placed():
            if x < width + _GAP:
                return column
            x -= width + _GAP
        return None

    # -- drawing

    def render(self) -> RenderResult:
        return ""

    def render_line(self, y: int) -> Strip:
        width = self.size.width
        if self._head and y == 0:
            return self._titles().adjust_cell_length(width, self.get_component_rich_style("head"))
        index = self._top + y - int(self._head)
        if index >= len(self._rows):
            return Strip.blank(width, self.rich_style)
        if not self._overflows:
            return self._row(index, width)
        side = Segment(" █" if index == self._thumb(self._cursor) else " │", self.rich_style + self._look("thumb"))
        return Strip([*self._row(index, width - 2), side])

    def _titles(self) -> Strip:
        head, arrow = self.get_component_rich_style("head"), self.get_component_rich_style("sorted")
        segments = [Segment("  ", head)] if self._with_marks else []
        for column, width in self._placed():
            title, style = column.title, head
            if self._sort is not None and self._sort[0] == column.key:
                title, style = f"{title}{'↓' if self._sort[1] else '↑'}", arrow
            segments += [Segment(fitted(title, width, right=column.right), style), Segment(" " * _GAP, head)]
        return Strip(segments)

    def _row(self, index: int, width: int) -> Strip:
        base = self.rich_style
        at_cursor = index == self._cursor
        if at_cursor:
            base += self.get_component_rich_style("cursor" if self.has_focus else "resting", partial=True)
        segments = []
        if self._with_marks:
            marked = self._rows.key(index) in self.marked
            style = base if at_cursor else base + self._look("mark")
            segments.append(Segment(("* " if has_few_glyphs() else "● ") if marked else "  ", style))
        cells = self._rows.cells(index)
        for column, room in self._placed():
            cell = cells.get(column.key)
            text = fitted(cell.text, room, right=column.right, sentence=column.sentence) if cell else " " * room
            # Under the cursor its own colours must stay readable.
            look = cell.look if cell and not (at_cursor and self.has_focus) else ""
            segments.append(Segment(text, base + self._look(look) if look else base))
            segments.append(Segment(" " * _GAP, base))
        return Strip(segments).adjust_cell_length(width, base)

    def _look(self, name: str) -> Style:
        return self.get_component_rich_style(name, partial=True)


def _outwards(start: int, count: int, most: int) -> Iterable[int]:
    yield start
    for step in range(1, min(count, most)):
        if start - step >= 0:
            yield start - step
        if start + step < count:
            yield start + step
