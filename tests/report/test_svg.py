"""Charts are well-formed pictures that show the values they were given, whatever things are called."""

from __future__ import annotations

import math
from xml.etree import ElementTree

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ovtui.report.pages import svg
from ovtui.report.pages.charts import (
    Axis,
    Bars,
    Chart,
    Heat,
    Interval,
    Intervals,
    Line,
    Lines,
    Point,
    Rule,
    Scatter,
    Span,
    Tile,
)
from ovtui.report.pages.scales import scale
from ovtui.report.pages.style import style
from tests.report.samples import HOSTILE

NAME = "{http://www.w3.org/2000/svg}"


def charts(name: str) -> list[Chart]:
    """One of each kind, everything in it called so."""
    axis = Axis(name, name)
    return [
        Lines(name, axis, axis, (1.0, 2.0, 3.0), (Line(name, (1.0, None, 3.0), (0.5, None, 2.0), (2.0, None, 4.0)),),
              (Rule(name, 2.0, (1.5, 2.5)),), (Span(name, 1.0, 2.0),)),
        Bars(name, axis, axis, (0.0, 1.0, 2.0), (3.0, 0.0), ((name, 0.5),)),
        Intervals(name, axis, (Interval(name, 1.2, (1.1, 1.3), True), Interval(name, 1.0)), 1.0, (0.98, 1.02)),
        Scatter(name, axis, axis, (Point(name, 1.0, 2.0, (0.9, 1.1), (1.9, 2.1), "best"), Point(name, 3.0, 1.0)),
                Rule(name, 2.0)),
        Heat(name, name, name, (name,), (name, "b"), ((Tile(0.5, name, name, True), Tile(None, name, name)),), name),
    ]  # fmt: skip


def parsed(chart: Chart) -> ElementTree.Element:
    return ElementTree.fromstring(svg.render(chart))


@pytest.mark.parametrize("name", [name for name in HOSTILE if name])
def test_a_name_adds_no_element_and_no_attribute(name: str) -> None:
    for plain, hostile in zip(charts("name"), charts(name), strict=True):
        shape, expected = (
            [(each.tag, sorted(each.attrib)) for each in parsed(chart).iter() if not each.tag.endswith("title")]
            for chart in (hostile, plain)
        )
        assert shape == expected


def test_every_class_in_a_picture_has_its_style() -> None:
    sheet = style()
    used = {name for chart in charts("x") for each in parsed(chart).iter() for name in each.get("class", "").split()}
    assert used and all(f"svg .{name}" in sheet for name in used)


def test_a_curve_goes_through_its_values_and_breaks_where_one_is_not_known() -> None:
    chart = Lines(
        "t", Axis("x"), Axis("y", zero=True), (0.0, 1.0, 2.0, 3.0, 4.0), (Line("y", (0.0, 5.0, None, 5.0, 10.0)),)
    )
    paths = [each.get("d") for each in parsed(chart).iter(f"{NAME}path")]
    assert len(paths) == 2
    first, second = ([tuple(map(float, p.split())) for p in (path or "")[1:].split(" L")] for path in paths)
    assert first[0][1] - first[1][1] == pytest.approx(second[0][1] - second[1][1], abs=0.2)
    assert first[1][1] == second[0][1]  # both are 5


def test_bars_are_as_high_as_their_counts() -> None:
    chart = Bars("t", Axis("x"), Axis("n"), (0.0, 1.0, 2.0, 3.0), (10.0, 0.0, 5.0))
    heights = [
        float(each.get("height", "")) for each in parsed(chart).iter(f"{NAME}rect") if each.get("class") == "fill"
    ]
    assert len(heights) == 2
    assert heights[0] == pytest.approx(2 * heights[1], abs=0.2)


def test_the_better_square_is_darker_and_the_best_has_a_frame() -> None:
    tiles = ((Tile(1.0, "100", "", True), Tile(0.1, "10"), Tile(None, "failed", "out of memory"), None),)
    root = parsed(Heat("t", "batch", "streams", ("1",), ("1", "2", "3", "4"), tiles))
    assert [each.get("class") for each in root.iter(f"{NAME}rect")] == ["heat5 best", "heat0", "failed"]
    assert "out of memory" in [each.text for each in root.iter(f"{NAME}title")]


numbers = st.floats(-1e12, 1e12, allow_nan=False).filter(lambda value: not 0 < abs(value) < 1e-100)


@given(st.lists(numbers, max_size=6), st.booleans(), st.booleans())
def test_ticks_are_round_few_and_enclose_the_values(values: list[float], zero: bool, log: bool) -> None:
    made = scale(values, 0.0, 100.0, zero=zero, log=log)
    shown = [value for value in values if value > 0 or not log]
    assert 2 <= len(made.ticks) <= 16
    assert list(made.ticks) == sorted(set(made.ticks))
    slack = 1e-6 * max(1e-6, *map(abs, (made.low, made.high)))
    assert all(made.low - slack <= value <= made.high + slack for value in shown)
    assert all(0 <= made.at(value) <= 100 for value in shown)
    assert len({made.label(tick) for tick in made.ticks}) == len(made.ticks)


def test_a_scale_of_nothing_or_of_what_is_not_finite_is_drawn() -> None:
    assert scale([], 0, 1).ticks
    assert scale([math.nan, math.inf, 3.0], 0, 1).high < 4
    assert scale([0.0, -1.0], 0, 1, log=True).low > 0


@pytest.mark.parametrize("chart", [
    Lines("t", Axis("x"), Axis("y"), (), ()),
    Lines("t", Axis("x"), Axis("y", log=True), (1.0,), (Line("y", (0.0,)),)),
    Bars("t", Axis("x"), Axis("n"), (), ()),
    Intervals("t", Axis("x"), ()),
    Scatter("t", Axis("x"), Axis("y"), ()),
    Heat("t", "a", "b", (), (), ()),
])  # fmt: skip
def test_a_chart_of_nothing_is_a_picture_all_the_same(chart: Chart) -> None:
    assert parsed(chart).tag == f"{NAME}svg"
