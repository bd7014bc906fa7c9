"""Ceilings and what counting costs: `python -m tests.benchmarks.ceilings [REPETITIONS] [rates|counting]`.

What is measured several times in turn: the ceilings as ovtui measures them, as it once did (the best stretch of one
product of matrices, one convolution and one copy), a plain product of matrices of 1024³ and a plain copy. Then the cost
of counting, in turn with uncounted inferences and from the run's own median.
"""

from __future__ import annotations

import itertools
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

os.environ["CI"] = "true"  # OpenVINO's telemetry stays off

import numpy as np

from ovtui.analysis.ceilings import merged
from ovtui.engine.device.ceilings import ceilings
from ovtui.engine.device.quiet import openvino
from ovtui.engine.messages import Measured
from ovtui.engine.tasks import CeilingsTask
from ovtui.records import Ceilings
from tests import nets

PRECISIONS = ("f32", "bf16", "i8")
SIDE, MEMORY = 1024, 128 << 20


def measured() -> tuple[Ceilings, float]:
    """The ceilings by ovtui, and the seconds it took."""
    found: list[Ceilings] = []
    begin = time.perf_counter()
    task = CeilingsTask(device="CPU", machine="here")
    ceilings(task, lambda message: found.append(message.ceilings) if isinstance(message, Measured) else None)
    return found[0], time.perf_counter() - begin


def product(ov: Any, quantized: bool) -> Any:
    op = ov.opset13

    def rounded(values: Any, limit: float) -> Any:
        low, high = op.constant(np.float32(-limit)), op.constant(np.float32(limit))
        return op.fake_quantize(values, low, high, low, high, 255) if quantized else values

    x = op.parameter([SIDE, SIDE], np.float32)
    weights = op.constant(np.random.default_rng(0).standard_normal((SIDE, SIDE)).astype(np.float32) * 0.02)
    return ov.Model([op.matmul(rounded(x, 4.0), rounded(weights, 0.06), False, True)], [x])


def copy(ov: Any) -> Any:
    x = ov.opset13.parameter([1, MEMORY // 8], np.float32)
    return ov.Model([ov.opset13.abs(x)], [x])


def mean_of_stretches(ov: Any, model: Any, precision: str) -> float:
    """Seconds of the longest layer, in the best of the stretches between readings twice as late each time (before)."""
    settings = {"PERFORMANCE_HINT": "LATENCY", "PERF_COUNT": "YES", "INFERENCE_PRECISION_HINT": precision}
    request = ov.Core().compile_model(model, "CPU", settings).create_infer_request()
    done, readings, end = 0, [], time.monotonic() + 0.25
    while done < 5 or time.monotonic() < end:
        request.start_async()
        request.wait()
        done += 1
        if done & (done - 1) == 0:
            readings.append((done, np.array([info.real_time.total_seconds() for info in request.profiling_info])))
    means = [(b * y - a * x) / (b - a) + 1e-6 for (a, x), (b, y) in itertools.pairwise(readings)]
    return float(min(mean.max() for mean in means))


def best_inference(ov: Any, model: Any, precision: str, count: int = 25) -> float:
    settings = {"PERFORMANCE_HINT": "LATENCY", "INFERENCE_PRECISION_HINT": precision}
    request = ov.Core().compile_model(model, "CPU", settings).create_infer_request()
    return min(_infer(request) for _ in range(count))


def _infer(request: Any) -> float:
    request.infer(share_outputs=True)
    return float(request.latency) / 1e3


def best_call(call: Callable[[], object], count: int = 15) -> float:
    times = []
    for _ in range(count):
        begin = time.perf_counter()
        call()
        times.append(time.perf_counter() - begin)
    return min(times)


def rates(repetitions: int) -> None:
    ov = openvino()
    matrix = np.ones((SIDE, SIDE), np.float32)
    source, target = np.ones(MEMORY // 8, np.float32), np.zeros(MEMORY // 8, np.float32)
    large = np.ones(MEMORY // 4, np.float32)
    rows: dict[str, dict[str, list[float]]] = {}

    def note(row: str, column: str, rate: float) -> None:
        rows.setdefault(row, {}).setdefault(column, []).append(rate)

    together: Ceilings | None = None
    took = []
    flops = 2 * SIDE**3 / 1e9
    for _ in range(repetitions):
        found, seconds = measured()
        took.append(seconds)
        together = merged(together, found)
        for precision in PRECISIONS:
            if precision not in found.gflops:
                continue
            hint = "f32" if precision == "i8" else precision
            model = product(ov, precision == "i8")
            row = f"{precision}, GFLOP/s"
            note(row, "now", found.gflops[precision])
            note(row, "merged", together.gflops[precision])
            note(row, "before", flops / mean_of_stretches(ov, model, hint))
            note(row, "plain", flops / best_inference(ov, model, hint))
        note("f32 by numpy, GFLOP/s", "plain", flops / best_call(lambda: matrix @ matrix))
        row = "copy of 128 MB, GB/s"
        note(row, "now", found.gbytes[-1][1])
        note(row, "merged", together.gbytes[-1][1])
        note(row, "before", MEMORY / mean_of_stretches(ov, copy(ov), "f32") / 1e9)
        note(row, "plain", MEMORY / best_call(lambda: np.copyto(target, source)) / 1e9)
        row = "read of 128 MB, GB/s"
        note(row, "now", found.reads[-1][1])
        note(row, "merged", together.reads[-1][1])
        note(row, "plain", MEMORY / best_call(large.max) / 1e9)
    columns = ("before", "now", "merged", "plain")
    print("| of the device | before | now | now, highest so far | plain, best |\n|---|---:|---:|---:|---:|")
    for row, cells in rows.items():
        print(f"| {row} | " + " | ".join(_scatter(cells.get(column, [])) for column in columns) + " |")
    print(f"\n{repetitions} repetitions in turn; measuring took {min(took):.1f} to {max(took):.1f} s.\n", flush=True)


def _scatter(values: list[float]) -> str:
    if not values:
        return "–"
    low, high = min(values), max(values)
    return f"{low:.0f}–{high:.0f} (±{50 * (high - low) / ((high + low) / 2):.0f} %)"


def counting(repetitions: int) -> None:
    """The cost of counting, from runs whose median is known as well: how it was told before."""
    print("| model | before | now, in turn (95 %) | said |\n|---|---:|---:|---:|")
    with tempfile.TemporaryDirectory() as folder:
        path = nets.cnn(Path(folder) / "cnn.xml", channels=32, size=56, layers=8)
        for _ in range(repetitions):
            run = _ovtui("run", path, "-t", "2")["run"]
            layers = _ovtui("layers", run["id"])
            median = run["result"]["latency_ms"]["p50"]
            before = "–" if not median else f"{100 * (layers['median_us'] / 1000 / median - 1):+.1f} %"
            low, high = layers["overhead_ci95"] or (float("nan"), float("nan"))
            now = "–" if layers["overhead"] is None else f"{100 * layers['overhead']:+.1f} %"
            print(
                f"| CNN | {before} | {now} ({100 * low:+.1f} to {100 * high:+.1f} %) | {'yes' if low > 0 else 'no'} |"
            )
    print(flush=True)


def _ovtui(*arguments: object) -> dict[str, Any]:
    done = subprocess.run(
        [sys.executable, "-m", "ovtui", *map(str, arguments), "--json"], check=True, capture_output=True, text=True
    )
    found: dict[str, Any] = json.loads(done.stdout)
    return found


if __name__ == "__main__":
    chosen = [argument for argument in sys.argv[1:] if not argument.isdigit()]
    count = next((int(argument) for argument in sys.argv[1:] if argument.isdigit()), 5)
    if not chosen or "rates" in chosen:
        rates(count)
    if not chosen or "counting" in chosen:
        counting(count)
