"""Making an INT8 version against NNCF by itself: `python -m tests.benchmarks.optimize [ROUNDS]`, some minutes.

ResNet-50 with seeded random weights and 300 samples. ovtui's device process, from its start until the version is
written and read again, takes turns with a script that calls NNCF on the same samples in the same order. Then the whole
job: the longest that it says nothing, and how long after being cancelled nothing is left of it.
"""

from __future__ import annotations

import itertools
import json
import os
import signal
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import onnx
import psutil

from ovtui.engine.device_process import DeviceProcess
from ovtui.engine.messages import Optimized
from ovtui.engine.tasks import OptimizeTask
from ovtui.records import Data, Model, Recipe
from tests.quantize.conftest import record

SAMPLES = 300
DIRECT = """
import sys
sys.modules["openvino_telemetry"] = None
import numpy, nncf, openvino
model, data, out = sys.argv[1:]
rows = numpy.load(data, mmap_mode="r")
order = numpy.random.default_rng(0).permutation(len(rows))
dataset = nncf.Dataset(order.tolist(), lambda row: numpy.array(rows[row : row + 1]))
made = nncf.quantize(
    openvino.convert_model(model), dataset, preset=nncf.QuantizationPreset.MIXED, subset_size=len(rows)
)
openvino.save_model(made, out, compress_to_fp16=False)
"""


def filled(path: Path) -> Path:
    """ONNX's light ResNet-50 with values in place of its constant fills, such that activations keep their size."""
    model = onnx.load(Path(onnx.__file__).parent / "backend/test/data/light/light_resnet50.onnx")
    graph = model.graph
    shapes = {each.name: onnx.numpy_helper.to_array(each) for each in graph.initializer}
    variances = {node.input[4] for node in graph.node if node.op_type == "BatchNormalization"}
    rng = np.random.default_rng(0)
    kept = []
    for node in graph.node:
        if node.op_type != "ConstantOfShape":
            kept.append(node)
            continue
        name, shape = node.output[0], tuple(int(dim) for dim in shapes[node.input[0]])
        if len(shape) > 1:
            values = rng.standard_normal(shape) * np.sqrt(2 / np.prod(shape[1:]))
        elif name in variances:
            values = rng.uniform(0.8, 1.2, shape)
        else:
            values = rng.uniform(0.2, 0.6, shape)
        graph.initializer.append(onnx.numpy_helper.from_array(values.astype(np.float32), name))
    del graph.node[:]
    graph.node.extend(kept)
    onnx.save(model, path)
    return path


def ours(model: Model, data: Path, out: Path) -> tuple[float, float]:
    """Seconds, and the most memory in MB."""
    begin = time.perf_counter()
    recipe = Recipe(data=(Data(path=str(data)),), subset=SAMPLES)
    device = DeviceProcess(OptimizeTask(model=model, recipe=recipe, path=str(out)), None)
    peak = 0.0
    try:
        while True:
            heard = device.hear(0.1)
            peak = max(peak, device.peak_rss_mb() or 0.0)
            if any(isinstance(message, Optimized) for message in heard):
                return time.perf_counter() - begin, peak
            assert not device.ended, "it left without a version"
    finally:
        device.end()


def direct(model: Path, data: Path, out: Path) -> tuple[float, float]:
    begin = time.perf_counter()
    started = subprocess.Popen(
        [sys.executable, "-c", DIRECT, model, data, out], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    peak = 0.0
    while started.poll() is None:
        try:
            peak = max(peak, psutil.Process(started.pid).memory_info().rss / 2**20)
        except psutil.Error:
            break
        time.sleep(0.1)
    assert started.wait() == 0, "the script failed"
    return time.perf_counter() - begin, peak


def ovtui(*arguments: object) -> str:
    command = [sys.executable, "-m", "ovtui", *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout


def moments(home: Path, job: str) -> list[tuple[float, str]]:
    """When each event was told, and what it was."""
    lines = (home / "jobs" / job / "events.jsonl").read_text().splitlines()
    return [(told["t"], told["event"]) for told in map(json.loads, lines)]


def silence(home: Path, model: Path, data: Path) -> float:
    """The longest time without an event in a whole optimization, its comparisons left out, which have their own."""
    job = json.loads(ovtui("optimize", model, "--data", data, "--no-compare", "--json", "-q"))["id"]
    told = [moment for moment, _ in moments(home, job)]
    return max(b - a for a, b in itertools.pairwise(told))


def cancelled(home: Path, model: Path, data: Path, after_s: float) -> float:
    """Seconds from asking a job to end until its processes and what it had written are gone."""
    job = json.loads(ovtui("optimize", model, "--data", data, "--no-compare", "--detach", "--json"))["id"]
    time.sleep(after_s)
    (own,) = [each for each in psutil.process_iter(["cmdline"]) if (each.info["cmdline"] or [""])[-1] == job]
    family = [own, *own.children(recursive=True)]
    begin = time.perf_counter()
    own.send_signal(signal.SIGTERM)
    while any(each.is_running() and each.status() != "zombie" for each in family) or any(
        path.name.startswith(".") for path in (home / "versions").glob("*")
    ):
        time.sleep(0.01)
    return time.perf_counter() - begin


def main() -> None:
    rounds = int(sys.argv[1]) if len(sys.argv) > 1 else 3
    with tempfile.TemporaryDirectory() as text:
        folder = Path(text)
        path, data = filled(folder / "resnet50.onnx"), folder / "samples.npy"
        np.save(data, np.random.default_rng(1).standard_normal((SAMPLES, 3, 224, 224)).astype(np.float32))
        model = record(path)
        print("| round | ovtui: s | NNCF: s | ratio | ovtui: MB | NNCF: MB |\n|---:|---:|---:|---:|---:|---:|")
        ratios = []
        for number in range(1, rounds + 1):
            # Who goes first changes, so that neither always finds the files in memory.
            if number % 2:
                (a, a_mb), (b, b_mb) = ours(model, data, folder / "a.xml"), direct(path, data, folder / "b.xml")
            else:
                (b, b_mb), (a, a_mb) = direct(path, data, folder / "b.xml"), ours(model, data, folder / "a.xml")
            ratios.append(a / b)
            print(f"| {number} | {a:.1f} | {b:.1f} | {a / b:.3f} | {a_mb:.0f} | {b_mb:.0f} |", flush=True)
        same = (folder / "a.bin").read_bytes() == (folder / "b.bin").read_bytes()
        print(
            f"\nRatio: median {statistics.median(ratios):.3f}, {min(ratios):.3f} to {max(ratios):.3f}; "
            f"weights and scales {'are' if same else 'are not'} equal byte by byte."
        )
        home = folder / "home"
        os.environ |= {"OVTUI_HOME": str(home), "OVTUI_LOCK": str(folder / "lock")}
        print("\n| the whole job | seconds |\n|---|---:|")
        print(f"| longest without a word | {silence(home, path, data):.2f} |", flush=True)
        for after_s in (2, 8, 16):
            gone = cancelled(home, path, data, after_s)
            print(f"| cancelled after {after_s} s: nothing is left | {gone:.2f} |", flush=True)


if __name__ == "__main__":
    main()
