"""Widgets draw exactly their cells, whatever is in them."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from rich.cells import cell_len
from textual.app import App, ComposeResult

from ovtui import formatting
from ovtui.records import Estimate, RunSummary
from ovtui.sanitize import plain
from ovtui.tui.rows import RUN_COLUMNS, run_cells
from ovtui.tui.widgets import plot
from ovtui.tui.widgets.cells import Cell, Column, ListedRows, at_a_word, fitted
from ovtui.tui.widgets.plot import Curve, Picture, characters, described
from ovtui.tui.widgets.table import Table

safe_text = st.text(max_size=40).map(plain)


@given(safe_text, st.integers(1, 60), st.booleans())
def test_a_cell_is_as_wide_as_its_column(text: str, width: int, right: bool) -> None:
    assert cell_len(fitted(text, width, right=right)) == width


def test_what_is_too_long_loses_its_middle() -> None:
    assert fitted("model.layers.12.conv", 11, right=False) == "model….conv"
    assert fitted("ab", 4, right=True) == "  ab"


@given(safe_text, st.integers(1, 60))
def test_what_ends_at_a_word_is_its_beginning(text: str, width: int) -> None:
    kept = at_a_word(text, width)
    assert cell_len(kept) <= width
    assert kept == text or text.startswith(kept.removesuffix("…"))


@pytest.mark.parametrize(
    ("width", "kept"),
    [(28, "2 threads, 1 request, bf16"), (25, "2 threads, 1 request…"), (14, "2 threads, 1…"), (4, "2 t…")],
)
def test_a_sentence_ends_at_a_word(width: int, kept: str) -> None:
    assert at_a_word("2 threads, 1 request, bf16", width) == kept


class Shown(App[None]):
    def __init__(self, table: Table) -> None:
        super().__init__()
        self.table = table

    def compose(self) -> ComposeResult:
        yield self.table


COLUMNS = (
    Column("name", "NAME", 10, grows=True, comfort=20, sortable=True),
    Column("size", "SIZE", 8, right=True, spare=1),
    Column("note", "NOTE", 12, spare=3),
)


def rows(count: int) -> ListedRows:
    return ListedRows(
        [(f"k{n}", {"name": Cell(f"名前 {n}"), "size": Cell(str(n)), "note": Cell("-" * n)}) for n in range(count)]
    )


@pytest.mark.parametrize("size", [(20, 5), (40, 12), (80, 24), (200, 50)])
async def test_every_line_of_a_table_fills_its_width(size: tuple[int, int]) -> None:
    table = Table(COLUMNS, marks=True)
    async with Shown(table).run_test(size=size) as pilot:
        for count in (0, 1, 30, 1000):
            table.show(rows(count))
            await pilot.pause()
            for keys in ((), ("G",), ("space", "k"), ("g",), ("ctrl+f",)):
                await pilot.press(*keys)
                await pilot.pause()
                for y in range(table.size.height):
                    assert table.render_line(y).cell_length == table.size.width


async def test_the_cursor_stays_on_its_row_when_rows_come_and_go() -> None:
    table = Table(COLUMNS)
    async with Shown(table).run_test(size=(60, 12)) as pilot:
        table.show(rows(50))
        await pilot.press(*"jjjjj")
        assert table.cursor_key == "k5"
        everything: Any = rows(50)
        table.show(ListedRows([("new", {"name": Cell("new")}), *everything._rows]))
        assert table.cursor_key == "k5"
        table.show(ListedRows([("new", {"name": Cell("new")})]))
        assert table.cursor_key == "new"
        table.show(rows(0))
        assert table.cursor_key is None
        await pilot.press("j", "enter", "G")


@pytest.mark.parametrize(("down", "more", "key"), [(0, 2, "k0"), (0, 20, "n0"), (10, 2, "k10"), (30, 20, "k30")])
async def test_where_the_newest_come_first_the_cursor_stays_with_them_or_on_what_was_chosen(
    down: int, more: int, key: str
) -> None:
    table = Table(COLUMNS, newest_first=True)
    async with Shown(table).run_test(size=(60, 12)) as pilot:
        old: Any = rows(50)
        table.show(old)
        await pilot.pause()
        await pilot.press(*"j" * down)
        new = [(f"n{n}", {"name": Cell("new")}) for n in range(more)]
        table.show(ListedRows([*new, *old._rows][:70]))
        assert table.cursor_key == key
        assert table._top <= table.cursor < table._top + table._body_height


async def test_the_wheel_scrolls_and_leaves_the_cursor() -> None:
    table = Table(COLUMNS)
    async with Shown(table).run_test(size=(60, 12)) as pilot:
        table.show(rows(50))
        await pilot.pause()
        from textual.events import MouseScrollDown

        table.on_mouse_scroll_down(MouseScrollDown(table, 1, 1, 0, 0, 0, False, False, False))
        assert "名前 3" in table.render_line(1).text
        assert table.cursor_key == "k0"
        await pilot.press("j")
        assert "名前 0" in table.render_line(1).text


values = st.lists(st.none() | st.floats(-1e9, 1e9, allow_nan=False), min_size=1, max_size=400)


@settings(max_examples=60, deadline=None)
@given(values, st.integers(16, 180), st.integers(3, 40), st.booleans(), st.booleans())
def test_a_plot_fits_its_cells(y: list[float | None], width: int, height: int, filled: bool, zero: bool) -> None:
    picture = Picture((Curve([float(n) for n in range(len(y))], y, filled=filled),), text="", y_from_zero=zero)
    if not plot._has_points(picture):
        return
    lines = characters(picture, width, height).split("\n")
    drawn = [plot._SGR.sub("", line) for line in lines][:height]
    assert all(cell_len(line) <= width for line in drawn)


@given(st.floats(-1e12, 1e12), st.floats(1e-6, 1e12), st.integers(1, 12))
def test_ticks_are_round_numbers_within_the_axis(low: float, span: float, most: int) -> None:
    high = low + span
    if high <= low:
        return
    ticks = plot._ticks(low, high, most)
    assert len(ticks) <= 2 * most + 2
    assert all(low - 1e-6 * span <= tick <= high + 1e-6 * span + 1e-9 * abs(high) for tick in ticks)
    assert len(plot._labels(ticks)) == len(ticks)


def test_a_plot_says_in_words_what_it_shows() -> None:
    assert described("Throughput", "FPS", [100.0, None, 300.0, 200.0]) == (
        "Throughput: 3 points; lowest 100.0, median 200.0, highest 300.0, last 200.0 FPS."
    )
    assert described("Throughput", "FPS", [None]) == "Throughput: nothing yet."


def test_bars_and_sparklines_may_be_coarse() -> None:
    assert [formatting.bar(share, 4, coarse=True) for share in (0, 0.001, 0.5, 0.6, 1)] == [
        "",
        "▌",
        "██",
        "██▌",
        "████",
    ]
    assert formatting.sparkline([1, 2, None, 3], 4, coarse=True) == "_▄ █"


@pytest.mark.parametrize(("share", "said"), [(0.01, "±1.0%"), (0.9996, "±100%"), (1.453, "±145%"), (40.0, "±>999%")])
def test_a_doubt_fits_its_column(share: float, said: str) -> None:
    rate = Estimate(mean=10, ci95=(10 - 10 * share, 10 + 10 * share), converged=False)
    run = RunSummary(
        id="r", status="done", label=None, model="m", model_name="net", device="CPU", mode="latency", batch=1,
        streams=1, throughput_fps=rate, p50_ms=1.0, created=0, started=0, finished=1, error=None, warnings=0,
    )  # fmt: skip
    cell, column = run_cells(run)["doubt"], next(each for each in RUN_COLUMNS if each.key == "doubt")
    assert cell.text == f"{said}!"
    assert fitted(cell.text, column.width, right=False).rstrip() == cell.text


def test_a_sparkline_shows_trends_and_not_noise() -> None:
    assert formatting.sparkline([1, 2, 3, 4], 8) == "▁▃▆█"
    assert formatting.sparkline([100.0, 100.1, 99.9], 8) in ("▄▅▄", "▅▅▄", "▅▅▅", "▄▄▄")
    assert formatting.sparkline([1, None, 2], 2) == " █"
    assert formatting.sparkline([None], 8) == ""


@pytest.mark.parametrize(
    ("seconds", "said"),
    [(0.5, "0.5 s"), (4, "4 s"), (59.6, "1 min"), (75, "1 min 15 s"), (7500, "2 h 5 min"), (3600, "1 h")],
)
def test_durations_are_said_in_their_unit(seconds: float, said: str) -> None:
    assert formatting.duration(seconds) == said
