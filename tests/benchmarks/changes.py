"""How often a change is told that is none: `python -m tests.benchmarks.changes [histories=400] [comparisons=4000]`.

Three tables of simulations with a known truth. Histories: which share of them a step is told of, and a drift.
Comparisons in turn, with a look after each of 4 to 40 instances: what share is called the same. Machine speed, a value
a second: what share of runs is warned of a drift.
"""

from __future__ import annotations

import sys
from collections.abc import Callable

import numpy as np

from ovtui.analysis.arrays import Floats
from ovtui.analysis.changes import change_points, drifts
from ovtui.analysis.comparison.paired import decided, duel
from ovtui.analysis.noise import drift
from tests.analysis.test_changes import scattered
from tests.analysis.test_noise import two_levels

Random = np.random.Generator
ERROR = 0.004  # of each run, by its own interval


def three_bad(random: Random, n: int, size: float) -> Floats:
    logs = scattered(random, n, 0.01)
    begin = int(random.integers(0, n - 2))
    logs[begin : begin + 3] -= size
    return logs


def half(n: int, step: float) -> Floats:
    return step * (np.arange(n) >= n // 2)


HISTORIES: dict[str, Callable[[Random, int], Floats]] = {
    "stable, 2 %": lambda random, n: scattered(random, n, 0.02),
    "AR(.8) of 3 %": lambda random, n: scattered(random, n, 0.03, 0.8),
    "three bad runs, 5 %": lambda random, n: three_bad(random, n, 0.05),
    "three bad runs, 10 %": lambda random, n: three_bad(random, n, 0.10),
    "drift of 10 %, scatter 1 %": lambda random, n: scattered(random, n, 0.01) - np.linspace(0, 0.1, n),
    "drift of 10 %, scatter 3 %": lambda random, n: scattered(random, n, 0.03) - np.linspace(0, 0.1, n),
    "step of 5 % in the middle, scatter 1 %": lambda random, n: scattered(random, n, 0.01) - half(n, 0.05),
    "step of 5 % in the middle, scatter 1.5 %": lambda random, n: scattered(random, n, 0.015) - half(n, 0.05),
}


def histories(count: int) -> None:
    print("| history | 12 runs: step, drift | 30 runs | 100 runs |\n|---|---:|---:|---:|")
    for name, make in HISTORIES.items():
        cells = []
        for n in (12, 30, 100):
            random = np.random.default_rng(1)
            steps = gradual = 0
            for _ in range(count):
                values = np.exp(make(random, n)).tolist()
                found = change_points(values, [ERROR] * n)
                steps, gradual = steps + bool(found), gradual + bool(drifts(values, found))
            cells.append(f"{100 * steps / count:.1f} %, {100 * gradual / count:.1f} %")
        print(f"| {name} | {' | '.join(cells)} |", flush=True)


def looks(count: int) -> None:
    print("\n| true difference | scatter | same | different | instances, median |\n|---|---:|---:|---:|---:|")
    for ratio in (1 / 1.02, 1.0):
        for scatter in (0.01, 0.02, 0.04):
            random = np.random.default_rng(1)
            said = {"same": 0, "faster": 0, "slower": 0, "undecided": 0}
            after = []
            for _ in range(count):
                ratios = (ratio * np.exp(scatter * random.normal(size=40))).tolist()
                for instances in range(4, 41):
                    found = duel(ratios[:instances], seconds_per_instance=3600.0)
                    if decided(found, instances):
                        break
                said[found.verdict] += 1
                after.append(instances)
            different = said["faster"] + said["slower"]
            print(
                f"| {100 * (1 - ratio):.0f} % | {100 * scatter:.0f} % | {100 * said['same'] / count:.1f} % "
                f"| {100 * different / count:.1f} % | {np.median(after):g} |",
                flush=True,
            )


SPEEDS: dict[str, Callable[[Random, int], Floats]] = {
    **{
        f"two levels 5 % apart, {dwell:g} s each, spins {100 * scatter:g} %": (
            lambda random, n, dwell=dwell, scatter=scatter: two_levels(random, n, dwell, 0.05, scatter)
        )
        for dwell in (2.0, 5.0, 10.0, 20.0)
        for scatter in (0.005, 0.01, 0.02)
    },
    "noise of ±5 %": lambda random, n: 1 + random.uniform(-0.05, 0.05, n),
    "5 % slower at the end, spins 1 %": lambda random, n: np.linspace(1, 0.95, n) + 0.01 * random.normal(size=n),
    "12 % slower at the end, spins ±5 %": lambda random, n: np.linspace(1, 0.88, n) + random.uniform(-0.05, 0.05, n),
}


def speeds(count: int) -> None:
    print("\n| machine speed | 30 s | 60 s | 120 s |\n|---|---:|---:|---:|")
    for name, make in SPEEDS.items():
        cells = []
        for n in (30, 60, 120):
            random = np.random.default_rng(1)
            cells.append(sum(drift(make(random, n)) is not None for _ in range(count)) / count)
        print(f"| {name} | {' | '.join(f'{100 * cell:.1f} %' for cell in cells)} |", flush=True)


def main() -> None:
    asked = dict(part.split("=") for part in sys.argv[1:])
    count = int(asked.get("histories", "400"))
    histories(count)
    looks(int(asked.get("comparisons", "4000")))
    speeds(count)


if __name__ == "__main__":
    main()
