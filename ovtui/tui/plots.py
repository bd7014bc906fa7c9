"""Series and histograms as pictures, for the live screen and for finished runs alike."""

from __future__ import annotations

from collections.abc import Sequence

from ovtui import formatting
from ovtui.analysis.distribution import bars
from ovtui.records import Histogram, Series
from ovtui.tui.widgets.plot import Curve, Picture, described

_BARS = 120


def throughput(series: Series, mean: float | None = None) -> Picture | None:
    """Inputs per second over time; warm-up apart. `mean`: a level line."""
    if not series.t_s:
        return None
    warm = sum(series.warming)
    return Picture(
        _two(series.t_s, series.throughput_fps, warm),
        text=described("Throughput over time", "FPS", series.throughput_fps[warm:] or series.throughput_fps),
        y_from_zero=False,
        x_limits=(0.0, series.t_s[-1]),
        upright=(series.t_s[warm - 1],) if 0 < warm < len(series.t_s) else (),
        level=() if mean is None else (mean,),
    )


def latency(series: Series) -> Picture | None:
    """Median and 99th percentile of each window over time."""
    if not series.t_s:
        return None
    curves = (Curve(series.t_s, series.p99_ms, "second"), Curve(series.t_s, series.p50_ms, "first"))
    known = tuple(curve for curve in curves if any(value is not None for value in curve.y))
    if not known:
        return None
    text = "\n".join(
        described(title, "ms", values)
        for title, values in (("Median latency over time", series.p50_ms), ("p99 over time", series.p99_ms))
    )
    return Picture(known, text=text, x_limits=(0.0, series.t_s[-1]))


def histogram(counted: Histogram | None) -> Picture | None:
    """How often which latency occurred; the rare long ones beyond the edge are told, not drawn."""
    found = None if counted is None else bars(counted, _BARS)
    if found is None:
        return None
    centers = [(a + b) / 2 for a, b in zip(found.edges_ms, found.edges_ms[1:], strict=False)]
    peak = max(range(len(centers)), key=lambda i: found.counts[i])
    beyond = f"; {found.beyond:,} longer ones are not drawn" if found.beyond else ""
    text = (
        f"Latencies from {formatting.number(found.edges_ms[0])} to {formatting.number(found.edges_ms[-1])} ms, "
        f"most of them around {formatting.number(centers[peak])} ms{beyond}."
    )
    return Picture((Curve(centers, found.counts, "first", filled=True),), text=text)


def _two(x: Sequence[float], y: Sequence[float | None], warm: int) -> tuple[Curve, ...]:
    """Warm-up in grey, and the rest; the line is not broken between them."""
    parts = (Curve(x[:warm], y[:warm], "faint"), Curve(x[max(0, warm - 1) :], y[max(0, warm - 1) :], "first"))
    return tuple(curve for curve in parts if len(curve.x) and (curve.look == "faint" or warm < len(x)))
