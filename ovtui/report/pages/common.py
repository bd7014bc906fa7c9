"""What several reports say in the same way: intervals, moments, settings, the machine."""

from __future__ import annotations

import shlex
from datetime import datetime, timezone

from ovtui import formatting
from ovtui.records import Environment, Estimate, Latency, Model, Run, Spec
from ovtui.report.command import run_command
from ovtui.report.pages.document import Column, Command, Paragraph, Section, fields, section
from ovtui.report.summary import environment_fields


def columns(*titles: str, text: int = 0) -> tuple[Column, ...]:
    """Columns of numbers, the first `text` ones of text."""
    return tuple(Column(title, "text" if place < text else "number") for place, title in enumerate(titles))


def moment(seconds: float | None) -> str | None:
    """`2026-09-21 14:02 UTC`: the same wherever the report is read."""
    if seconds is None:
        return None
    return datetime.fromtimestamp(seconds, timezone.utc).strftime("%Y-%m-%d %H:%M UTC")


def weak_note(*latencies: Latency | None) -> Paragraph | None:
    """What the mark before a weak percentile means, where one of these has it."""
    told = formatting.weak_means(*latencies)
    return Paragraph(f"{told}.") if told else None


def throughput(estimate: Estimate | None) -> str:
    """`101.3 ±0.8 %`, or a dash."""
    return (
        formatting.NOTHING
        if estimate is None
        else f"{formatting.number(estimate.mean)} {formatting.half_width(estimate)}"
    )


def own(run: Run) -> str:
    """A run in a few words: its label, or its id."""
    return run.label or run.id


def subtitle(*parts: str | None) -> str:
    """The parts that there are, with dots between."""
    return " · ".join(part for part in parts if part)


def setting_fields(spec: Spec) -> list[tuple[str, str | None]]:
    """What was asked for beyond the numbers of streams and requests."""
    images = spec.images
    return [
        ("API", spec.api),
        (
            "arrivals",
            None if spec.rate is None else f"{formatting.number(spec.rate)} per second, {spec.queue:,} may wait",
        ),
        ("stop", _stop(spec)),
        ("data", ", ".join(each.path if each.input is None else f"{each.input} = {each.path}" for each in spec.data)),
        ("mean", None if images.mean is None else ", ".join(map(formatting.number, images.mean))),
        ("scale", None if images.scale is None else ", ".join(map(formatting.number, images.scale))),
        ("channels", images.channels),
        ("seed", str(spec.seed)),
        ("state", "kept" if spec.keep_state else None),
        ("asked properties", ", ".join(f"{key}={value}" for key, value in spec.properties.items())),
    ]


def _stop(spec: Spec) -> str:
    stop = spec.stop
    if stop.kind == "seconds":
        return f"after {formatting.duration(stop.seconds)}"
    if stop.kind == "iterations":
        return f"after {formatting.plural(stop.iterations, 'inference')}"
    span = f"{stop.min_seconds:g} to {stop.seconds:g} s"
    return f"when the mean is known to ±{100 * stop.ci:.3g} %, {span}"


def environment_section(machine: Environment | None, title: str = "Environment") -> Section | None:
    """The machine and the software."""
    return None if machine is None else section(title, fields(*environment_fields(machine)))


def register(model: Model) -> Command | None:
    """The line that registers it with its extensions, where it has some."""
    if not model.extensions:
        return None
    extensions = [word for each in model.extensions for word in ("--extension", each.path)]
    return Command(
        shlex.join(["ovtui", "import", model.path, *extensions]),
        "Once; the extension's code runs wherever the model is read:",
    )


def repeat(spec: Spec, model: str, label: str | None = None, says: str = "") -> Command:
    """The line that measures it. `model`: what it is called on a command line."""
    return Command(run_command(model, spec, label), says)
