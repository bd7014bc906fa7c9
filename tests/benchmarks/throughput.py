"""Throughput against the limit: `python -m tests.benchmarks.throughput [ROUNDS] [MODEL …]`, half an hour by default.

C++ (a thread per request with blocking infer; an idle queue as in C++ benchmark_app), `ovtui run` with each `--api`,
taking turns within one run; and Python benchmark_app, which cannot take turns within a run, whole run by whole run.
"""

from __future__ import annotations

import json
import os
import re
import statistics
import subprocess
import sys
import tempfile
from contextlib import ExitStack
from pathlib import Path

import onnx

from tests import nets
from tests.benchmarks.contestants import build_limit, limit, mean_ratio, middle_ratio, ovtui, ratio, turns

SECONDS = 0.4
WHOLE = 5  # seconds of a whole run
# A slow moment of the machine falls on one contestant of a round; the quicker a model, the shorter its turns can be
# and the more of them there are, so that their median does not follow it.
INSTANCES = 4
QUICK, TURNS = frozenset({"MLP, small", "MLP, large"}), 4


def models(folder: Path) -> dict[str, Path]:
    """From 40 µs to some tens of milliseconds."""
    from ovtui.engine.device.demo import build

    build(folder / "demo.xml")
    light = Path(onnx.__file__).parent / "backend/test/data/light"
    return {
        "MLP, small": nets.mlp(folder / "mlp40.xml", width=256, layers=8),
        "MLP, large": nets.mlp(folder / "mlp150.xml", width=512, layers=8),
        "CNN": nets.cnn(folder / "cnn.xml", channels=32, size=56, layers=8),
        "demo (MobileNet-like)": folder / "demo.xml",
        "ResNet-50": light / "light_resnet50.onnx",
    }


def take_turns(each: int, program: Path, found: dict[str, Path]) -> None:
    print("| model | streams | µs/inference at the limit | C++ blocking / itself | ovtui threads / C++ blocking "
          "| ovtui threads / C++ queue | ovtui async / C++ queue | ovtui python / C++ queue |")  # fmt: skip
    print("|---|---|---|---|---|---|---|---|")
    for name, path in found.items():
        rounds, seconds = (TURNS * each, SECONDS / TURNS) if name in QUICK else (each, SECONDS)
        for streams in (1, 2):
            found_rates = [started_anew(program, path, streams, rounds, seconds) for _ in range(INSTANCES)]
            fastest = statistics.median(rate for rates in found_rates for rate in rates["C++ blocking"])
            columns = [
                mean_ratio([middle_ratio(rates[a], rates[b]) for rates in found_rates])
                for a, b in (
                    ("C++ again", "C++ blocking"), ("ovtui threads", "C++ blocking"), ("ovtui threads", "C++ queue"),
                    ("ovtui async", "C++ queue"), ("ovtui python", "C++ queue"),
                )
            ]  # fmt: skip
            print(f"| {name} | {streams} | {1e6 * streams / fastest:.0f} | {' | '.join(columns)} |", flush=True)


def started_anew(program: Path, path: Path, streams: int, rounds: int, seconds: float) -> dict[str, list[float]]:
    """Rates of fresh processes: where memory comes to lie makes two of the same program differ by a percent or two."""
    with ExitStack() as stack:
        contestants = [
            stack.enter_context(limit(program, path, streams, streams, "f32", way))
            for way in ("blocking", "blocking", "queue")
        ]
        contestants[1].name = "C++ again"
        contestants += [
            stack.enter_context(ovtui(path, streams, streams, "f32", api)) for api in ("threads", "async", "python")
        ]
        return turns(contestants, rounds, seconds)


def benchmark_app(path: Path, mode: str, seconds: int) -> tuple[float, float]:
    """Throughput in FPS and median latency in ms."""
    done = subprocess.run(
        ["benchmark_app", "-m", path, "-hint", mode, "-t", str(seconds), "-d", "CPU", "-infer_precision", "CPU:f32"],
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    throughput = re.search(r"Throughput:\s+([\d.]+)", done.stdout)
    median = re.search(r"Median:\s+([\d.]+) (us|ms)", done.stdout)
    assert throughput
    assert median
    return float(throughput[1]), float(median[1]) / (1000 if median[2] == "us" else 1)


def ours(path: Path, mode: str, seconds: int, home: str) -> tuple[float, float]:
    done = subprocess.run(
        [sys.executable, "-m", "ovtui", "run", path, "--mode", mode, "-t", str(seconds), "--precision", "f32",
         "--quiet", "--json", "--no-profile"],
        env={**os.environ, "OVTUI_HOME": home}, capture_output=True, text=True, check=True,
    )  # fmt: skip
    result = json.loads(done.stdout)["run"]["result"]
    return result["throughput_fps"]["mean"], result["latency_ms"]["p50"]


def against_benchmark_app(rounds: int, found: dict[str, Path], home: str) -> None:
    print("| model | mode | throughput, ovtui / benchmark_app | median latency, ovtui / benchmark_app |")
    print("|---|---|---|---|")
    for name, path in found.items():
        for mode in ("latency", "throughput"):
            pairs = [(ours(path, mode, WHOLE, home), benchmark_app(path, mode, WHOLE)) for _ in range(rounds)]
            print(
                f"| {name} | {mode} | {ratio([a[0] for a, _ in pairs], [b[0] for _, b in pairs])} | "
                f"{ratio([a[1] for a, _ in pairs], [b[1] for _, b in pairs])} |",
                flush=True,
            )


def main() -> None:
    rounds = int(sys.argv[1]) if len(sys.argv) > 1 else 5
    with tempfile.TemporaryDirectory() as text:
        folder = Path(text)
        found = {name: path for name, path in models(folder).items() if name in sys.argv[2:] or not sys.argv[2:]}
        print(
            f"Mean ± 95 % CI of {INSTANCES} starts of all programs, in each the median of {rounds} rounds of {SECONDS} "
            f"s (MLP: {TURNS * rounds} of {SECONDS / TURNS} s), in turn.\n"
        )
        take_turns(rounds, build_limit(folder), found)
        print(f"\nMedian [quartiles] of whole runs of {WHOLE} s in turn, {rounds} pairs.\n")
        against_benchmark_app(rounds, found, str(folder / "home"))


if __name__ == "__main__":
    main()
