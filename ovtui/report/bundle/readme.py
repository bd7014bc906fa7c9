"""The bundle's README: what it is, how fast it was, what it takes, how to run it."""

from __future__ import annotations

import json
import shlex

from ovtui import formatting
from ovtui.analysis.optimization.wording import called
from ovtui.records import Latency, Optimization, Port, Run
from ovtui.report.bundle.plan import Plan
from ovtui.report.pages.of_optimization import preprocessing_in_words
from ovtui.sanitize import plain

_HINTS = {
    "LATENCY": "latency",
    "THROUGHPUT": "throughput",
    "CUMULATIVE_THROUGHPUT": "cumulative_throughput",
}


def readme(told: Plan) -> str:
    """Markdown. Names stand in code spans, without what would end one."""
    parts = [
        f"# {_safe(told.model.name)}",
        f"{_code('model/' + told.start)}, SHA-256 {_code(told.model.sha256)}.",
        *_made(told.made),
        *_extended(told),
        "## How it is run",
        f"On {_code(told.device)} in {told.mode} mode, batch {told.batch}"
        + (f", {formatting.plural(told.requests, 'request')} in flight" if told.requests else "")
        + ", with these properties:",
        "\n".join(f"- {_code(f'{key} = {value}')}" for key, value in told.properties.items()) or "- none",
        *(["Its state is reset before each inference."] if told.reset else []),
        *_measured(told.run),
        "## What goes in and comes out",
        "\n".join(
            [f"- in: {_port(port)}" for port in told.model.inputs]
            + [f"- out: {_port(port)}" for port in told.model.outputs]
        ),
        "## Run it",
        "With Python (`pip install openvino numpy`):",
        "```sh\npython infer.py --seconds 10\n```",
        "With C++ and OpenVINO's headers, wherever they are installed (`pip install openvino` has them, too):",
        "```sh\ncmake -B build -DOpenVINO_DIR=$(python -c 'import openvino.utils as u; print(u.get_cmake_path())')\n"
        "cmake --build build && ./build/infer 10\n```",
        "Both fill the inputs with random values: your own data goes into `inputs` of the one, `fill` of the other.",
        "With OpenVINO's own tool:",
        f"```sh\n{benchmark_app(told)}\n```",
        "`spec.json` holds the same for programs, `manifest.json` the SHA-256 of every file.",
    ]
    return "\n\n".join(parts) + "\n"


def benchmark_app(told: Plan) -> str:
    """The lines that measure about the same.

    Beside a hint, benchmark_app refuses -nstreams and -nthreads, which OpenVINO takes: then they go into a file.
    """
    own = dict(told.properties)
    hint = _HINTS.get(own.pop("PERFORMANCE_HINT", ""), "none")
    own.pop("PERFORMANCE_HINT_NUM_REQUESTS", None)  # follows from -nireq
    line = ["benchmark_app", "-m", f"model/{told.start}", "-d", told.device, "-hint", hint]
    line += ["-api", "sync" if told.one_at_a_time else "async"]
    if told.extensions:
        line += ["-extensions", ",".join(f"extensions/{name}" for _, name in told.extensions)]
    if told.requests:
        line += ["-nireq", str(told.requests)]
    if hint == "none":
        line += _moved(own, {"NUM_STREAMS": "-nstreams", "INFERENCE_NUM_THREADS": "-nthreads"})
    line += _moved(own, {"INFERENCE_PRECISION_HINT": "-infer_precision"})
    shapes = [(name, f"[{','.join(map(str, shape))}]") for name, shape in told.shapes]
    if shapes:
        # An only input needs no name, and names may hold what benchmark_app splits at.
        line += ["-shape", shapes[0][1] if len(shapes) == 1 else ",".join(name + shape for name, shape in shapes)]
    before = ""
    if own:
        before = f"printf '%s' {shlex.quote(json.dumps({told.device.partition(':')[0]: own}))} > settings.json\n"
        line += ["-load_config", "settings.json"]
    return before + plain(shlex.join([*line, "-t", "10"]))


def _moved(own: dict[str, str], options: dict[str, str]) -> list[str]:
    """Those properties as options, taken out of `own`."""
    return [word for key, option in options.items() if key in own for word in (option, own.pop(key))]


def _extended(told: Plan) -> list[str]:
    if not told.extensions:
        return []
    names = ", ".join(_code(f"extensions/{name}") for _, name in told.extensions)
    return [f"It has operations of its own, which the programs load from {names}: code built for this system."]


def _made(made: Optimization | None) -> list[str]:
    if made is None:
        return []
    told = [f"A version of {_code(made.parent.name)}: {called(made)}."]
    pixels = preprocessing_in_words(made.preprocessing)
    return [*told, f"Preprocessing is {pixels}."] if pixels else told


def _measured(run: Run | None) -> list[str]:
    if run is None:
        return ["It was not measured yet: these are the settings with which a device chooses for itself."]
    result, machine = run.result, run.environment
    if result is None:
        return ["It was not measured to the end."]
    where = "" if machine is None else f" On {_safe(machine.cpu)} with OpenVINO {_safe(machine.openvino)}."
    estimate = result.throughput_fps
    told = f"{formatting.number(estimate.mean)} FPS ({formatting.half_width(estimate)}), {_latency(result.latency_ms)}"
    found = [f"Measured so: {told}.{where}"]
    if run.spec.mode == "server" and run.spec.rate is not None:
        rate = formatting.number(run.spec.rate)
        found.append(f"That was with {rate} arrivals per second; the programs run as fast as they can.")
    return found


def _latency(found: Latency) -> str:
    known = [
        f"{name} {formatting.percentile(found, name)} ms" for name in ("p50", "p99") if getattr(found, name) is not None
    ]
    weak = formatting.weak_means(found)
    return ", ".join(known or [f"mean {formatting.number(found.mean)} ms"]) + (f" ({weak})" if weak else "")


def _port(port: Port) -> str:
    layout = f", layout {port.layout}" if port.layout else ""
    return f"{_code(port.name)}, {port.type} {formatting.shape(port.shape)}{layout}"


def _code(text: str) -> str:
    return f"`{plain(text).replace('`', '´')}`"


def _safe(text: str) -> str:
    """In running text: nothing of it is markup."""
    return "".join(f"\\{c}" if c in "\\`*_{}[]<>()#+!|~" else c for c in plain(text))
