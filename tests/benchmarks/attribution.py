"""Which layers are said to differ: `python -m tests.benchmarks.attribution [trials=200] [real=0]`.

Simulated: 30 to 200 layers, autocorrelated and heavy-tailed noise, a machine that drifts, and a place in memory that
stays as long as an instance lives (`tests/analysis/comparison/layer_noise.py`). `marked in A/A`: share of comparisons
of equals in which any layer is marked, and how many on average. `found`: a layer with 10 % of the time that became 20
% slower. Before: two passes one after the other; the fewest layers that account for 70 % of the difference.

`real`: so many `ovtui compare --interleave A A` of small nets, from start to end.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

import numpy as np

from ovtui.analysis.arrays import Floats
from ovtui.analysis.comparison.attribution import ENOUGH, enough, paired
from tests import nets
from tests.analysis.comparison.layer_noise import KINDS, NOISE, Noise, as_sides, base_times, counted

MOST = 12


def before(random: np.random.Generator, times: Floats, noise: Noise) -> set[int]:
    """One instance, B's pass after A's; what is marked if sums that differ by less than 1 % are alike."""
    a, b = counted(random, times, noise, 1, in_turn=False)[:, 0]
    whole = float(b.sum() - a.sum())
    if abs(whole) <= 0.01 * max(a.sum(), b.sum()):
        return set()
    chosen: set[int] = set()
    so_far = 0.0
    for place in np.argsort(-np.abs(b - a)):
        if so_far >= 0.7 * abs(whole):
            break
        if (b[place] - a[place]) * whole > 0:
            chosen.add(int(place))
            so_far += abs(float(b[place] - a[place]))
    return chosen


def after(random: np.random.Generator, times: Floats, noise: Noise) -> set[int]:
    """Instances until it is enough, as the job takes them."""
    every = counted(random, times, noise, MOST)
    places = [(place, place) for place in range(times.shape[1])]
    for instances in range(ENOUGH, MOST + 1):
        layers = as_sides(every[:, :instances])
        if enough(layers) or instances == MOST:
            break
    return {place for place, row in enumerate(paired(places, layers).rows) if row.marked}


def simulated(trials: int) -> None:
    print("| noise | | marked in A/A | layers | found | others marked |\n|---|---|---:|---:|---:|---:|")
    for kind in KINDS:
        for name, rule in (("before", before), ("after", after)):
            random = np.random.default_rng(1)
            alarms = layers = found = others = 0
            for _ in range(trials):
                times = base_times(random, int(random.integers(30, 201)))
                chosen = rule(random, np.stack([times, times]), NOISE[kind])
                alarms, layers = alarms + bool(chosen), layers + len(chosen)
                times[0] = times[1:].sum() / 9
                slower = times.copy()
                slower[0] *= 1.2
                chosen = rule(random, np.stack([times, slower]), NOISE[kind])
                found, others = found + (0 in chosen), others + bool(chosen - {0})
            shares = [f"{100 * each / trials:.1f} %" for each in (alarms, found, others)]
            print(f"| {kind} | {name} | {shares[0]} | {layers / trials:.1f} | {shares[1]} | {shares[2]} |", flush=True)


def real(count: int, folder: Path) -> None:
    print("| net | verdict | instances | layers | marked | not attributable, µs |\n|---|---|---:|---:|---:|---|")
    for number in range(count):
        layers = 8 + 8 * (number % 3)
        net = nets.cnn(folder / f"cnn{layers}.xml", channels=16, size=32, layers=layers)
        done = subprocess.run(
            [sys.executable, "-m", "ovtui", "compare", "--interleave", net, net, "-t", "5", "-q", "--json"],
            capture_output=True, text=True, check=True,
        )  # fmt: skip
        told: dict[str, Any] = json.loads(done.stdout)
        marked = sum(row["significant"] for row in told["layers"])
        rest = told["not_attributable"]
        timed = sum(row["delta_us"] is not None for row in told["layers"])
        low, high = rest["ci95"]
        print(
            f"| {net.stem} | {told['verdict']} | {told['layers_interleaved']} | {timed} | {marked} "
            f"| {rest['delta_us']:+.1f} ({low:+.1f} to {high:+.1f}) |",
            flush=True,
        )


def main() -> None:
    asked = dict(part.split("=") for part in sys.argv[1:])
    simulated(int(asked.get("trials", "200")))
    if count := int(asked.get("real", "0")):
        with tempfile.TemporaryDirectory() as text:
            os.environ["OVTUI_HOME"] = str(Path(text) / "home")
            print()
            real(count, Path(text))


if __name__ == "__main__":
    main()
