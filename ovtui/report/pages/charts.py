"""Charts as data: what is to be seen, not how it is drawn. All text is raw; None is a value that is not known."""

from __future__ import annotations

from typing import Literal, NamedTuple, TypeAlias

Mark = Literal["plain", "front", "best"]


class Axis(NamedTuple):
    """What an axis shows; `log`: equal distances are equal ratios, which needs positive values."""

    title: str
    unit: str = ""
    zero: bool = False  # begins at nothing
    log: bool = False

    @property
    def text(self) -> str:
        """`latency, ms`."""
        return f"{self.title}, {self.unit}" if self.unit else self.title


class Line(NamedTuple):
    """Values at the places of the chart's `x`; with `low` and `high`, the band that they lie in."""

    name: str
    values: tuple[float | None, ...]
    low: tuple[float | None, ...] = ()
    high: tuple[float | None, ...] = ()


class Rule(NamedTuple):
    """A line across the chart at a value of y, with the doubt about it if there is one."""

    name: str
    value: float
    ci: tuple[float, float] | None = None


class Span(NamedTuple):
    """A stretch of x that is shaded; one name stands for all of its kind."""

    name: str
    begin: float
    end: float


class Lines(NamedTuple):
    """Curves over a common x, ascending."""

    title: str
    x: Axis
    y: Axis
    at: tuple[float, ...]
    lines: tuple[Line, ...]
    rules: tuple[Rule, ...] = ()
    spans: tuple[Span, ...] = ()


class Bars(NamedTuple):
    """A histogram: bar i from `edges[i]` to `edges[i + 1]`, and places on its axis that have a name."""

    title: str
    x: Axis
    y: Axis
    edges: tuple[float, ...]
    counts: tuple[float, ...]
    marks: tuple[tuple[str, float], ...] = ()


class Interval(NamedTuple):
    """A value and how far it may be off."""

    name: str
    value: float
    ci: tuple[float, float] | None = None
    strong: bool = False


class Intervals(NamedTuple):
    """Values with their doubt, one beneath the other, against a reference."""

    title: str
    x: Axis
    rows: tuple[Interval, ...]
    reference: float | None = None
    margin: tuple[float, float] | None = None  # what counts as the same


class Point(NamedTuple):
    """A place in a scatter chart with the doubt about both of its values."""

    name: str
    x: float
    y: float
    x_ci: tuple[float, float] | None = None
    y_ci: tuple[float, float] | None = None
    mark: Mark = "plain"


class Scatter(NamedTuple):
    """Points; those that are on the front or the best are joined in the order of x."""

    title: str
    x: Axis
    y: Axis
    points: tuple[Point, ...]
    limit: Rule | None = None  # of x


class Tile(NamedTuple):
    """A cell of a matrix: how much there is of it, 1 the most of all, or the reason that it has nothing."""

    intensity: float | None
    text: str
    reason: str = ""
    best: bool = False


class Heat(NamedTuple):
    """A matrix, the better the darker; None where nothing was tried."""

    title: str
    row_title: str
    column_title: str
    rows: tuple[str, ...]
    columns: tuple[str, ...]
    tiles: tuple[tuple[Tile | None, ...], ...]
    legend: str = ""


Chart: TypeAlias = Lines | Bars | Intervals | Scatter | Heat
