"""Numbers as people read them: three or four digits, thousands apart, a dash for what is not known."""

from __future__ import annotations

import time
from collections.abc import Sequence
from datetime import datetime

from ovtui.records import Estimate, Latency, Phase, Setting

NOTHING = "–"
WEAK = "≈"
WEAK_MEANS = f"{WEAK} rough value: too few independent inferences beyond it"

_DOING = {
    "building": "building the demo model",
    "checking": "checking the file",
    "reading": "reading the model",
    "filling": "filling the inputs",
    "warming": "warming up",
    "ceilings": "measuring what the device can do",
    "device-choice": "asking the device for its own choice",
    "race-loading": "loading for the race",
    "service-times": "measuring service times",
    "device-search": "looking for the device",
    "looking-at-the-images": "looking at the images",
    "probing": "looking for devices",
    "previewing": "looking at the data",
}


def doing(phase: Phase) -> str:
    """What a job does in a phase; a code that says it by itself is taken as it is."""
    text = _DOING.get(phase.name, phase.name.replace("-", " "))
    if phase.settings is not None:
        return f"{text} the best {phase.settings}"
    if phase.rate is not None:
        return f"{phase.rate:.4g} arrivals/s, round {phase.round} of {phase.rounds}"
    if phase.mode is not None:
        return f"interleaved A/B test: {phase.mode}"
    if phase.instance is not None:
        what = "taking turns" if phase.name == "measuring" else text
        return f"instance {phase.instance}: {what}"
    return text if phase.setting is None else f"{setting(phase.setting)}: {text}"


def doing_briefly(phase: Phase) -> str:
    """The same where there is little room: of an instance, only which."""
    return doing(phase) if phase.instance is None else f"instance {phase.instance}"


def setting(point: Setting) -> str:
    """`batch 8, 2 streams`, with threads and requests where they were given."""
    parts = [f"batch {point.batch}", plural(point.streams, "stream")]
    if point.threads is not None:
        parts.append(plural(point.threads, "thread"))
    if point.requests is not None:
        parts.append(plural(point.requests, "request"))
    return ", ".join(parts)


def number(value: float | None) -> str:
    """Four significant digits at most: 1,234 · 123.4 · 12.34 · 0.0123."""
    if value is None:
        return NOTHING
    size = abs(value)
    if size >= 1000:
        return f"{value:,.0f}"
    return f"{value:.1f}" if size >= 100 else f"{value:.2f}" if size >= 1 else f"{value:.3g}"


def percentile(latency: Latency | None, name: str) -> str:
    """`9.12`, `≈9.12` where it is weak, or a dash."""
    value = getattr(latency, name, None)
    return rough(value, weak=latency is not None and name in latency.weak)


def rough(value: float | None, *, weak: bool) -> str:
    """A number with its mark."""
    return f"{WEAK}{number(value)}" if weak and value is not None else number(value)


def weak_means(*latencies: Latency | None) -> str:
    """What the mark means, if any of these has it; else nothing."""
    return WEAK_MEANS if any(latency.weak for latency in latencies if latency is not None) else ""


def between(interval: tuple[float, float | None] | None) -> str:
    """`98.01 – 101.2`, `≥ 98.01` without an upper end, or a dash."""
    if interval is None or (interval[1] is None and not interval[0]):
        return NOTHING
    low, high = interval
    return f"≥ {number(low)}" if high is None else f"{number(low)} – {number(high)}"


def half_width(estimate: Estimate) -> str:
    """`±0.8 %`, `±145 %`, or a dash when nothing is known of it."""
    if estimate.half_width is None:
        return f"± {NOTHING}"
    share = estimate.half_width * 100
    return f"±{share:.1f} %" if share < 99.95 else f"±{share:,.0f} %"


def percent(share: float | None) -> str:
    """`4.2 %`, `52 %`."""
    if share is None:
        return NOTHING
    return f"{100 * share:.1f} %" if abs(share) < 0.0995 else f"{100 * share:.0f} %"


_EIGHTHS, _HALVES = " ▏▎▍▌▋▊▉█", " ▌█"


def bar(share: float, width: int, *, coarse: bool = False) -> str:
    """A bar of up to `width` cells, to an eighth of a cell, or to half of one where it is `coarse`.

    What is not nothing is seen. Halves are in the fonts of consoles, eighths are not.
    """
    parts = _HALVES if coarse else _EIGHTHS
    steps = len(parts) - 1
    whole, rest = divmod(round(max(0.0, min(1.0, share)) * width * steps) or int(share > 0), steps)
    return "█" * whole + (parts[rest] if rest else "")


def count(value: float) -> str:
    """1.2 k, 3.4 M, 5.6 G."""
    for limit, unit in ((1e12, "T"), (1e9, "G"), (1e6, "M"), (1e3, "k")):
        if value >= limit:
            return f"{value / limit:.2f} {unit}"
    return f"{value:g} "


def size(value: float) -> str:
    """Bytes as B, kB, MB, GB (of 1000)."""
    for limit, unit in ((1e9, "GB"), (1e6, "MB"), (1e3, "kB")):
        if value >= limit:
            return f"{value / limit:.1f} {unit}"
    return f"{value:.0f} B"


def plural(amount: float, noun: str) -> str:
    """`1 stream`, `2 streams`."""
    return f"{amount:,} {noun}" if amount == 1 else f"{amount:,} {noun}s"


def when(seconds: float) -> str:
    """Local time; today without the date."""
    moment = datetime.fromtimestamp(seconds)
    today = datetime.fromtimestamp(time.time()).date()
    return moment.strftime("%H:%M:%S" if moment.date() == today else "%Y-%m-%d %H:%M")


def short_when(seconds: float) -> str:
    """Local time in eleven characters: today `14:02:33`, this year `11-21 14:02`, before it `2025-11-21`."""
    moment, now = datetime.fromtimestamp(seconds), datetime.fromtimestamp(time.time())
    if moment.date() == now.date():
        return moment.strftime("%H:%M:%S")
    return moment.strftime("%m-%d %H:%M" if moment.year == now.year else "%Y-%m-%d")


def shape(dims: tuple[int | str, ...] | None) -> str:
    """`[1,3,224,224]`; `[…]` when even the rank is open."""
    return "[…]" if dims is None else "[" + ",".join(str(d) for d in dims) + "]"


_LEVELS, _FEW_LEVELS = "▁▂▃▄▅▆▇█", "_▄█"


def sparkline(values: Sequence[float | None], width: int, *, coarse: bool = False) -> str:
    """The last `width` values as bars from their lowest to their highest; a blank for None.

    `coarse`: of three heights, which are in the fonts of consoles.
    """
    known = [value for value in values if value is not None]
    if not known:
        return ""
    low, high = min(known), max(known)
    # A scatter of less than 2 % is no trend, and must not look like one.
    span = max(high - low, 0.02 * abs(high)) or 1.0
    floor = low - (span - (high - low)) / 2
    levels = _FEW_LEVELS if coarse else _LEVELS
    steps = len(levels) - 1
    return "".join(
        " " if value is None else levels[round(min(1.0, (value - floor) / span) * steps)] for value in values[-width:]
    )


def duration(seconds: float) -> str:
    """`0.5 s`, `12 s`, `3 min 20 s`, `2 h 5 min`."""
    if seconds < 10:
        return f"{seconds:.2g} s"
    whole = round(seconds)
    for size, unit, part, smaller in ((3600, "h", 60, "min"), (60, "min", 1, "s")):
        if whole >= size:
            rest = whole % size // part
            return f"{whole // size} {unit}" + (f" {rest} {smaller}" if rest else "")
    return f"{whole} s"
