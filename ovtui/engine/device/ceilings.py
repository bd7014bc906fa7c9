"""What the device can do at most: arithmetic by precision, reading and copying by working set.

S. Williams, A. Waterman, D. Patterson, "Roofline", CACM 52(4), 2009. A ceiling is what the machine does when nothing
disturbs it, so that the best inference counts, and of several operations the one that reaches the most. They are
short, a few milliseconds at most: among other processes a short one still finds the cores free now and then.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

import numpy as np

from ovtui.analysis.ceilings import METHOD
from ovtui.engine.device.quiet import openvino
from ovtui.engine.device.reason import FAILURES
from ovtui.engine.messages import At, Measured, Say
from ovtui.engine.tasks import CeilingsTask
from ovtui.records import Ceilings, Phase

_SIZES = (1 << 20, 4 << 20, 16 << 20, 128 << 20)  # bytes of a working set, from caches to memory
_MOST_WEIGHTS = 16 << 20  # larger ones take long to compile, and a reduction reads memory as quickly
_SECONDS = 0.05  # for each operation, at first
_FINAL_SECONDS = 0.12  # for the best ones once more
_FINAL = 2
_FEWEST = 5


class _Candidate(NamedTuple):
    work: int  # FLOPs or bytes of an inference
    model: Any


def ceilings(task: CeilingsTask, say: Say) -> None:
    """Some four seconds on two cores. Precisions that the device does not have are left out."""
    say(At(phase=Phase(name="ceilings")))
    bench = _Bench(task.device)
    gflops: dict[str, float] = {}
    for precision in bench.precisions():
        quantized = precision == "i8"
        rate = bench.highest(bench.arithmetic(quantized=quantized), "f32" if quantized else precision)
        if rate is not None:
            gflops[precision] = rate
    copies = _by_size(bench, bench.copies)
    reads = _by_size(bench, bench.reads)
    found = Ceilings(
        device=task.device,
        machine=task.machine,
        gflops=gflops,
        operations_gflops=dict(gflops),
        gbytes=copies,
        reads=reads,
        measured=time.time(),
        method=METHOD,
    )
    say(Measured(ceilings=found))


def _by_size(bench: _Bench, candidates: Callable[[int], Iterator[_Candidate]]) -> tuple[tuple[int, float], ...]:
    rates = ((size, bench.highest(candidates(size), "f32")) for size in _SIZES)
    return tuple((size, rate) for size, rate in rates if rate is not None)


class _Bench:
    """Single operations on a device, timed."""

    def __init__(self, device: str) -> None:
        self._ov = openvino()
        self._core = self._ov.Core()
        self._device = device
        self._empty_s = 0.0
        op = self._ov.opset13
        x = op.parameter([1, 16], np.float32)
        empty = self._compile(self._ov.Model([op.relu(x)], [x]), "f32")
        if empty is not None and empty.on_cpu:
            self._empty_s = empty.best(_SECONDS)

    def precisions(self) -> list[str]:
        try:
            offered = self._core.get_property(self._device, "OPTIMIZATION_CAPABILITIES")
        except FAILURES:
            offered = []
        names = {"BF16": "bf16", "FP16": "f16", "INT8": "i8"}
        return ["f32", *(short for name, short in names.items() if name in offered)]

    def highest(self, candidates: Iterator[_Candidate], precision: str) -> float | None:
        """10⁹ of work per second, of the candidate that does most; None where the device cannot do any.

        All of them shortly, then the best ones longer, so that one that was disturbed has a second chance.
        """
        timed = []
        for work, model in candidates:
            operation = self._compile(model, precision)
            if operation is not None and (rate := self._rate(work, operation, _SECONDS)) > 0:
                timed.append((rate, work, operation))
        timed.sort(key=lambda each: -each[0])
        finals = [self._rate(work, operation, _FINAL_SECONDS) for _, work, operation in timed[:_FINAL]]
        return max([*finals, timed[0][0]]) / 1e9 if timed else None

    def _rate(self, work: int, operation: _Operation, seconds: float) -> float:
        """Work per second in the best inference, without what an inference of nothing takes."""
        try:
            best = operation.best(seconds) - self._empty_s
        except FAILURES:
            return 0.0
        return work / best if best > 0 else 0.0

    def _compile(self, model: Any, precision: str) -> _Operation | None:
        settings = {"PERFORMANCE_HINT": "LATENCY", "INFERENCE_PRECISION_HINT": precision}
        try:
            return _Operation(self._core, model, self._device, settings)
        except FAILURES:
            return None

    def arithmetic(self, *, quantized: bool) -> Iterator[_Candidate]:
        """Products of matrices, and convolutions of three sizes in a row: which is the quickest differs by device."""
        op = self._ov.opset13
        numbers = np.random.default_rng(0)

        def rounded(values: Any, limit: float, levels: int) -> Any:
            """As quantization writes it: OpenVINO computes in 8 bits between two of these."""
            low, high = op.constant(np.float32(-limit)), op.constant(np.float32(limit))
            return op.fake_quantize(values, low, high, low, high, levels) if quantized else values

        def weights(*shape: int) -> Any:
            return rounded(op.constant(numbers.standard_normal(shape).astype(np.float32) * 0.02), 0.06, 255)

        for rows, columns, depth in ((384, 384, 384), (512, 512, 512), (1024, 1024, 1024), (256, 1024, 512)):
            x = op.parameter([rows, depth], np.float32)
            product = op.matmul(rounded(x, 4.0, 256), weights(columns, depth), False, True)
            yield _Candidate(2 * rows * columns * depth, self._ov.Model([product], [x]))
        for channels, side, count in ((64, 56, 3), (128, 28, 4), (256, 14, 4)):
            x = op.parameter([1, channels, side, side], np.float32)
            node = x
            for _ in range(count):  # in a row, so that changing the layout before and after counts little
                data = rounded(node, 4.0, 256)
                filters = weights(channels, channels, 3, 3)
                node = op.relu(op.convolution(data, filters, [1, 1], [1, 1], [1, 1], [1, 1]))
            flops = 2 * channels * channels * 9 * side * side * count
            yield _Candidate(flops, self._ov.Model([node], [x]))

    def copies(self, size: int) -> Iterator[_Candidate]:
        """Operations that read half of `size` bytes and write as much."""
        op, elements = self._ov.opset13, size // 8
        for shape in ([1, elements], [1, 64, elements // 64]):
            x = op.parameter(shape, np.float32)
            yield _Candidate(size, self._ov.Model([op.abs(x)], [x]))

    def reads(self, size: int) -> Iterator[_Candidate]:
        """Operations that read `size` bytes, and write next to nothing: large weights for one row, and a reduction."""
        op, width = self._ov.opset13, 1024
        rows = size // 4 // width
        if size <= _MOST_WEIGHTS:
            x = op.parameter([1, width], np.float32)
            weights = op.constant(np.full((rows, width), 0.01, dtype=np.float32))
            yield _Candidate(size, self._ov.Model([op.matmul(x, weights, False, True)], [x]))
        x = op.parameter([256, size // 4 // 256], np.float32)
        yield _Candidate(size, self._ov.Model([op.reduce_max(x, op.constant(np.array([1])), False)], [x]))


class _Operation:
    """A model of few operations, compiled, with its inputs filled."""

    def __init__(self, core: Any, model: Any, device: str, settings: dict[str, str]) -> None:
        compiled = core.compile_model(model, device, settings)
        self.on_cpu = all(str(name).startswith("CPU") for name in compiled.get_property("EXECUTION_DEVICES"))
        if not self.on_cpu:  # whose inference also carries the inputs there and back: its own counters tell more
            compiled = core.compile_model(model, device, settings | {"PERF_COUNT": "YES"})
        self._request = compiled.create_infer_request()
        for index in range(len(compiled.inputs)):
            self._request.get_input_tensor(index).data[:] = 0.5  # what memory held may be denormal, which is slow

    def best(self, seconds: float) -> float:
        """Of the inferences of so many seconds, and of at least a few, how long the quickest took in seconds."""
        request, times = self._request, list[float]()
        deadline = time.monotonic() + seconds
        while len(times) < _FEWEST or time.monotonic() < deadline:
            request.infer(share_outputs=True)
            if self.on_cpu:
                times.append(request.latency / 1e3)
            else:
                times.append(sum(info.real_time.total_seconds() for info in request.profiling_info))
        return min(times)
