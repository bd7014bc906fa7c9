"""How often a run that calls itself converged holds the truth, under noise of known law. Run by hand; prints a table.

    python -m tests.benchmarks.coverage [RUNS]

Each run goes through the whole of `Measurement` (warm-up, stop rule, result) with the default rule: ±1 %, 5 to 60 s.
Coverage: of the runs that end converged, the share whose `ci95` holds the long-run mean. "Before" is the rule that this
one followed: Geyer's sequence and 16 batches, every half second, 30 independent values, twice running, on the bins from
the beginning.
"""

from __future__ import annotations

import math
import sys
from dataclasses import dataclass

import numpy as np

from ovtui.analysis.confidence import autocorrelation_time, standard_error
from ovtui.analysis.measurement import Measurement
from ovtui.analysis.t_quantile import t_quantile
from ovtui.records import Stop
from tests.analysis.noise_laws import LAWS, Law, device

LONGEST_BINS = 760  # warming included


@dataclass(frozen=True)
class Ending:
    """Of one run: whether it converged, the seconds it measured, whether its interval holds the truth."""

    converged: bool
    seconds: float
    covers: bool


def run(law: Law, seed: int, per_bin: float = 20.0) -> Ending:
    """By the product."""
    script = device(law(np.random.default_rng(seed), LONGEST_BINS), per_bin)
    job = Measurement(Stop(), batch=1, open_loop=False)
    job.add(script.starts, script.ends, horizon_ns=int(script.ends[-1]))
    result = job.result()
    assert result is not None
    known = result.throughput_fps
    truth = 10 * per_bin
    covers = known.ci95 is not None and known.ci95[0] <= truth <= known.ci95[1]
    return Ending(known.converged, result.measured_s, covers)


def run_before(law: Law, seed: int) -> Ending:
    """By the rule that came before."""
    x, precise_before = law(np.random.default_rng(seed), 600), False
    for n in range(10, 601, 5):
        part = x[:n]
        n_eff = n / autocorrelation_time(part)
        half = t_quantile(0.975, max(n_eff - 1, 1.0)) * standard_error(part)
        precise = half <= 0.01 * part.mean() and n_eff >= 30
        if n >= 50 and precise and precise_before:
            return Ending(True, n / 10, abs(float(part.mean()) - 1) <= half)
        precise_before = precise
    return Ending(False, 60.0, False)


def row(name: str, endings: list[Ending]) -> list[str]:
    converged = [ending for ending in endings if ending.converged]
    if not converged:
        return ["0 %", "–", "–"]
    covered = sum(ending.covers for ending in converged) / len(converged)
    doubt = 1.96 * math.sqrt(max(covered * (1 - covered), 1e-4) / len(converged))
    seconds = float(np.median([ending.seconds for ending in converged]))
    return [f"{100 * len(converged) / len(endings):.1f} %", f"{seconds:.1f}", f"{covered:.3f} ± {doubt:.3f}"]


def main(runs: int, only: str = "") -> None:
    print("| noise | converged before | s | coverage | converged now | s | coverage |")
    print("| :--- | ---: | ---: | ---: | ---: | ---: | ---: |")
    for name, law in LAWS.items():
        if only in name:
            before = row(name, [run_before(law, seed) for seed in range(runs // 4)])
            now = row(name, [run(law, seed) for seed in range(runs)])
            print(f"| {name} | {' | '.join((*before, *now))} |", flush=True)


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 1000, sys.argv[2] if len(sys.argv) > 2 else "")
