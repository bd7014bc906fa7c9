"""The bundle's README: what it is, how fast it was, what it takes, how to run it."""

from __future__ import annotations

import json
import shlex

from ovtui import words
from ovtui.analysis.optimizing.wording import called
from ovtui.records import Latency, Optimization, Port, Run
from ovtui.report.bundle.plan import Plan
from ovtui.report.pages.of_optimization import preprocessing_in_words
from ovtui.text import plain

_HINTS = {"latency": "latency", "throughput": "throughput", "server": "throughput", "manual": "none"}


def readme(told: Plan) -> str:
    """Markdown. Names stand in code spans, without what would end one."""
    parts = [
        f"# {_safe(told.model.name)}",
        f"{_code('model/' + told.start)}, SHA-256 {_code(told.model.sha256)}.",
        *_made(told.made),
        "## How it is run",
        f"On {_code(told.device)} in {told.mode} mode, batch {told.batch}"
        + (f", {words.plural(told.requests, 'request')} in flight" if told.requests else "")
        + ", with these properties:",
        "\n".join(f"- {_code(f'{key} = {value}')}" for key, value in told.properties.items()) or "- none",
        _measured(told.run),
        "## What goes in and comes out",
        "\n".join(
            [f"- in: {_port(port)}" for port in told.model.inputs]
            + [f"- out: {_port(port)}" for port in told.model.outputs]
        ),
        "## Run it",
        "With Python (`pip install openvino numpy`):",
        "```sh\npython infer.py\n```",
        "With C++ and OpenVINO's headers, wherever they are installed (`pip install openvino` has them, too):",
        "```sh\ncmake -B build -DOpenVINO_DIR=$(python -c 'import openvino.utils as u; print(u.get_cmake_path())')\n"
        "cmake --build build && ./build/infer\n```",
        "With OpenVINO's own tool:",
        f"```sh\n{benchmark_app(told)}\n```",
        "`spec.json` holds the same for programs, `manifest.json` the SHA-256 of every file.",
    ]
    return "\n\n".join(parts) + "\n"


def benchmark_app(told: Plan) -> str:
    """The line that measures about the same."""
    line = ["benchmark_app", "-m", f"model/{told.start}", "-d", told.device, "-hint", _HINTS[told.mode]]
    if told.requests:
        line += ["-nireq", str(told.requests)]
    own = dict(told.properties)
    streams = own.pop("NUM_STREAMS", None)
    if streams is not None:
        line += ["-nstreams", streams]
    threads = own.pop("INFERENCE_NUM_THREADS", None)
    if threads is not None:
        line += ["-nthreads", threads]
    precision = own.pop("INFERENCE_PRECISION_HINT", None)
    if precision is not None:
        line += ["-infer_precision", precision]
    if told.shapes:
        line += ["-shape", ",".join(f"{name}[{','.join(map(str, shape))}]" for name, shape in told.shapes)]
    rest = {key: value for key, value in own.items() if not key.startswith("PERFORMANCE_HINT")}
    before = ""
    if rest:
        before = f"echo {shlex.quote(json.dumps({told.device: rest}))} > settings.json\n"
        line += ["-load_config", "settings.json"]
    return before + plain(shlex.join([*line, "-t", "10"]))


def _made(made: Optimization | None) -> list[str]:
    if made is None:
        return []
    told = [f"A version of {_code(made.parent.name)}: {called(made.recipe)}."]
    pixels = preprocessing_in_words(made.preprocessing)
    return [*told, f"Preprocessing is {pixels}."] if pixels else told


def _measured(run: Run | None) -> str:
    result = run.result if run is not None else None
    if run is None or result is None:
        return "It was not measured yet: these are the settings with which a device chooses for itself."
    machine = run.environment
    where = "" if machine is None else f" On {_safe(machine.cpu)} with OpenVINO {_safe(machine.openvino)}."
    estimate = result.throughput_fps
    return (
        f"Measured so: {words.number(estimate.mean)} inferences per second × batch ({words.doubt(estimate)}), "
        f"{_latency(result.latency_ms)}.{where}"
    )


def _latency(found: Latency) -> str:
    known = [(name, value) for name, value in (("p50", found.p50), ("p99", found.p99)) if value is not None]
    return ", ".join(f"{name} {words.number(value)} ms" for name, value in known or [("mean", found.mean)])


def _port(port: Port) -> str:
    layout = f", layout {port.layout}" if port.layout else ""
    return f"{_code(port.name)}, {port.type} {words.shape(port.shape)}{layout}"


def _code(text: str) -> str:
    return f"`{plain(text).replace('`', '´')}`"


def _safe(text: str) -> str:
    """In running text: nothing of it is markup."""
    return "".join(f"\\{c}" if c in "\\`*_{}[]<>()#+!|~" else c for c in plain(text))
