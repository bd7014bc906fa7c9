"""The matrix as text, marks and intensity."""

from __future__ import annotations

import pytest
from surfaces import a_cell

from ovtui.analysis.exploration.matrix import matrix
from ovtui.records import Cell, Setting


def test_rows_are_batches_and_columns_are_streams() -> None:
    found = matrix([a_cell(8, 1, 50), a_cell(1, 2, 200), a_cell(1, 1, 100)], "throughput")
    assert (found.batches, found.streams) == ((1, 8), (1, 2))
    assert [[square and square.text for square in row] for row in found.rows] == [["100.0", "200.0"], ["50.00", None]]


def test_the_best_is_hottest_and_half_as_good_is_half_as_hot() -> None:
    cells = [a_cell(1, 1, 100), a_cell(1, 2, 200)]
    by_throughput, by_latency = (matrix(cells, metric).rows[0] for metric in ("throughput", "p50"))
    assert [square and square.intensity for square in by_throughput] == [0.5, 1]
    assert [square and square.intensity for square in by_latency] == [1, 1]  # 2 streams, twice as fast
    slower = matrix([a_cell(1, 1, 100), a_cell(4, 1, 100)], "p50")
    assert [row[0] and row[0].intensity for row in slower.rows] == [1, pytest.approx(0.25)]


def test_a_percentile_that_is_not_known_is_a_dash() -> None:
    square = matrix([a_cell(1, 1, 100)], "p99").rows[0][0]
    assert square is not None and (square.text, square.intensity) == ("–", None)


@pytest.mark.parametrize(
    ("cell", "mark", "words"),
    [
        (a_cell(1, 1, 100), "", "batch 1, 1 stream: measured"),
        (a_cell(1, 1, 100, state="reused"), "·", "batch 1, 1 stream: from an earlier run"),
        (a_cell(1, 1, state="failed", reason="no room"), "×", "batch 1, 1 stream: failed: no room"),
        (a_cell(1, 1, state="failed"), "×", "batch 1, 1 stream: failed: no reason is known"),
        (a_cell(1, 1, state="measuring"), "…", "batch 1, 1 stream: being measured"),
        (a_cell(1, 1), "", "batch 1, 1 stream: not measured"),
    ],
)
def test_states_are_seen_without_colour(cell: Cell, mark: str, words: str) -> None:
    square = matrix([cell], "throughput").rows[0][0]
    assert square is not None and (square.mark, square.words) == (mark, words)


def test_the_best_has_a_star_wherever_it_comes_from() -> None:
    square = matrix([a_cell(1, 1, 100, state="reused")], "throughput", Setting(batch=1, streams=1)).rows[0][0]
    assert square is not None and square.mark == "★"
    assert square.words == "batch 1, 1 stream: the best, from an earlier run"


def test_settings_that_share_a_square_show_the_better_one() -> None:
    two = Setting(batch=1, streams=1, threads=2)
    cells = [
        a_cell(1, 1, 100),
        a_cell(1, 1, 120, setting=two),
        a_cell(1, 1, setting=Setting(batch=1, streams=1, threads=4)),
    ]
    assert [square and square.setting for square in matrix(cells, "throughput").rows[0]] == [two]
    starred = matrix(cells, "throughput", cells[0].setting).rows[0][0]
    assert starred is not None and starred.setting == cells[0].setting


def test_no_cells_make_an_empty_matrix() -> None:
    assert matrix([], "throughput") == ((), (), ())
