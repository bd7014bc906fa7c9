"""Axes and settings from what a person typed."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ovtui import specs
from ovtui.analysis.exploration import grid
from ovtui.errors import InputError
from ovtui.records import Grid, Setting


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("1", (1,)),
        ("4, 1,2,2", (1, 2, 4)),
        ("1-4", (1, 2, 3, 4)),
        ("1..64", (1, 2, 4, 8, 16, 32, 64)),
        ("3..20", (3, 4, 8, 16, 20)),
        ("5..5", (5,)),
        ("1..4, 6 - 7,100", (1, 2, 4, 6, 7, 100)),
        ("65536", (65536,)),
    ],
)
def test_an_axis_is_read(text: str, expected: tuple[int, ...]) -> None:
    assert grid.numbers(text) == expected


@pytest.mark.parametrize(
    ("text", "name", "says"),
    [
        ("", "batch", "batch: '' is no list of numbers: write"),
        ("1,,2", "batch", "no list"),
        ("1,two", "batch", "'two' in '1,two' is no list"),
        ("-4", "batch", "no list"),
        ("1...4", "batch", "no list"),
        ("²", "batch", "no list"),
        ("0", "batch", "not within 1 to 65,536"),
        ("65537", "batch", "not within 1 to 65,536"),
        ("1..1025", "streams", "streams: '1..1025' is not within 1 to 1,024"),
        ("4-1", "streams", "backwards"),
        ("1-5000", "batch", "5,000 numbers; at most 4,096"),
        ("\x1b[31m", "batch", r"\\x1b"),
    ],
)
def test_nonsense_is_refused_in_a_sentence(text: str, name: str, says: str) -> None:
    with pytest.raises(InputError, match=says.replace(".", "[.]") if "\\" not in says else says) as caught:
        grid.numbers(text, name)
    assert str(caught.value).endswith(".")
    assert "\x1b" not in str(caught.value)


def test_the_device_may_choose_too() -> None:
    assert grid.choices("auto", "threads") == (None,)
    assert grid.choices("2, auto ,1", "threads") == (None, 1, 2)
    assert grid.choices("1..4", "threads") == (1, 2, 4)
    with pytest.raises(InputError, match="threads"):
        grid.choices("auto,x", "threads")


def test_the_limits_are_those_of_a_spec() -> None:
    assert {name: specs.LARGEST[name] for name in grid.LARGEST} == grid.LARGEST


def test_settings_are_the_product_in_order() -> None:
    found = grid.settings(Grid(batches=(8, 1), streams=(2, 1), threads=(4, None)))
    assert [(s.batch, s.streams, s.threads) for s in found] == [
        (1, 1, None), (1, 1, 4), (1, 2, None), (1, 2, 4), (8, 1, None), (8, 1, 4), (8, 2, None), (8, 2, 4)
    ]  # fmt: skip


def test_chosen_settings_replace_the_product() -> None:
    some = (Setting(batch=8, streams=2), Setting(batch=1, streams=1), Setting(batch=8, streams=2))
    assert grid.settings(Grid(batches=(), streams=(), chosen=some)) == (some[1], some[0])


@pytest.mark.parametrize("empty", [Grid(batches=(), streams=(1,)), Grid(batches=(1,), streams=(1,), threads=())])
def test_an_empty_grid_is_refused(empty: Grid) -> None:
    with pytest.raises(InputError, match="nothing to explore"):
        grid.settings(empty)


def test_a_grid_beyond_reason_is_refused() -> None:
    with pytest.raises(InputError, match="6,400 settings; at most 4,096"):
        grid.settings(Grid(batches=tuple(range(1, 81)), streams=tuple(range(1, 81))))


def test_cells_are_read() -> None:
    assert grid.parse_cells("8x2, 1×1,4 x 2 x 3") == (
        Setting(batch=1, streams=1),
        Setting(batch=4, streams=2, threads=3),
        Setting(batch=8, streams=2),
    )


@pytest.mark.parametrize("text", ["", "1", "1x", "0x1", "1x2000", "70000x1", "1x1x1x1", "1x1;2x2", "1x1x5000"])
def test_cells_that_are_none_are_refused(text: str) -> None:
    with pytest.raises(InputError):
        grid.parse_cells(text)


@pytest.mark.parametrize(
    ("cores", "expected"), [(1, (1,)), (2, (1, 2)), (6, (1, 2, 4, 6)), (8, (1, 2, 4, 8)), (0, (1,))]
)
def test_streams_go_up_to_the_cores(cores: int, expected: tuple[int, ...]) -> None:
    assert grid.default_streams(cores) == expected
    assert grid.default_batches()[:3] == (1, 2, 4)


@given(st.text(max_size=20))
def test_any_text_is_an_axis_or_a_sentence(text: str) -> None:
    for read in (grid.numbers, grid.parse_cells):
        try:
            assert read(text)
        except InputError as error:
            assert str(error).endswith(".")
