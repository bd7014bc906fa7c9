"""What the device can do at most: arithmetic by precision and memory traffic by size, from single large operations.

S. Williams, A. Waterman, D. Patterson, "Roofline", CACM 52(4), 2009. The best of several is taken, since a ceiling is
what the machine can do when nothing disturbs it; the times are the device's own counters.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import Any

import numpy as np

from ovtui.analysis.counters import Reading, stretches
from ovtui.engine.device.quiet import openvino
from ovtui.engine.device.reason import FAILURES
from ovtui.engine.messages import At, Measured, Say
from ovtui.records import Ceilings

_SIZES = (1 << 20, 4 << 20, 16 << 20, 128 << 20)  # bytes of a working set, from caches to memory
_SIDE = 1024  # of the matrices
_SECONDS = 0.25  # for each operation
_FEWEST = 5


def ceilings(device: str, machine: str, say: Say) -> None:
    """The whole task: some three seconds on two cores. Precisions that the device does not have are left out."""
    say(At(phase="measuring what the device can do"))
    ov = openvino()
    core = ov.Core()
    gflops: dict[str, float] = {}
    for precision in _precisions(core, device):
        rates = [
            flops / best
            for flops, model in _arithmetic(ov, quantized=precision == "i8")
            if (best := _best(core, device, model, "f32" if precision == "i8" else precision)) is not None
        ]
        if rates:
            gflops[precision] = max(rates) / 1e9
    gbytes = []
    for size in _SIZES:
        best = _best(core, device, _traffic(ov, size), "f32")
        if best is not None:
            gbytes.append((size, size / best / 1e9))
    found = Ceilings(device=device, machine=machine, gflops=gflops, gbytes=tuple(gbytes), measured=time.time())
    say(Measured(ceilings=found))


def _precisions(core: Any, device: str) -> list[str]:
    try:
        offered = core.get_property(device, "OPTIMIZATION_CAPABILITIES")
    except FAILURES:
        offered = []
    names = {"BF16": "bf16", "FP16": "f16", "INT8": "i8"}
    return ["f32", *(short for name, short in names.items() if name in offered)]


def _arithmetic(ov: Any, *, quantized: bool) -> Iterator[tuple[int, Any]]:
    """A product of matrices and a convolution with their FLOPs: which of them is quicker differs by device."""
    op = ov.opset13
    numbers = np.random.default_rng(0)

    def weights(*shape: int) -> Any:
        values = op.constant(numbers.standard_normal(shape).astype(np.float32) * 0.02)
        return _rounded(op, values, 0.06, 255) if quantized else values

    x = op.parameter([_SIDE, _SIDE], np.float32)
    data = _rounded(op, x, 4.0, 256) if quantized else x
    yield 2 * _SIDE**3, ov.Model([op.matmul(data, weights(_SIDE, _SIDE), False, True)], [x])
    channels, side = 128, 56
    x = op.parameter([1, channels, side, side], np.float32)
    data = _rounded(op, x, 4.0, 256) if quantized else x
    convolution = op.convolution(data, weights(channels, channels, 3, 3), [1, 1], [1, 1], [1, 1], [1, 1])
    yield 2 * channels * channels * 9 * side * side, ov.Model([convolution], [x])


def _rounded(op: Any, values: Any, limit: float, levels: int) -> Any:
    """As quantization writes it: OpenVINO computes in 8 bits between two of these."""
    low, high = op.constant(np.float32(-limit)), op.constant(np.float32(limit))
    return op.fake_quantize(values, low, high, low, high, levels)


def _traffic(ov: Any, size: int) -> Any:
    """An operation that reads half of `size` bytes and writes as much."""
    op = ov.opset13
    x = op.parameter([1, size // 8], np.float32)
    return ov.Model([op.abs(x)], [x])


def _best(core: Any, device: str, model: Any, precision: str) -> float | None:
    """Seconds of the operation that takes longest, at its quickest; None where the device cannot or does not tell."""
    settings = {"PERFORMANCE_HINT": "LATENCY", "PERF_COUNT": "YES", "INFERENCE_PRECISION_HINT": precision}
    try:
        compiled = core.compile_model(model, device, settings)
        request = compiled.create_infer_request()
        on_cpu = all(str(name).startswith("CPU") for name in compiled.get_property("EXECUTION_DEVICES"))
        deadline, done, readings = time.monotonic() + _SECONDS, 0, list[Reading]()
        while len(readings) < _FEWEST or time.monotonic() < deadline:
            request.start_async()
            request.wait()
            done += 1
            # Twice as many each time: what rounding costs then stays below a microsecond.
            if not on_cpu or done & (done - 1) == 0:
                times = np.array([info.real_time.total_seconds() for info in request.profiling_info])
                readings.append(Reading(done, times * 1e6))
    except FAILURES:
        return None
    found = stretches(readings) if on_cpu else np.array([reading.times_us for reading in readings])
    quickest = float(found.max(axis=1).min()) if found.size else 0.0
    return quickest / 1e6 if quickest > 0 else None
