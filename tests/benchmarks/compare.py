"""Verdicts on what is known: `python -m tests.benchmarks.compare [slower=40] [same=200]`.

`same`: a model against itself, small, so that where it comes to lie in memory matters most. `slower`: 32 equal layers
against 33, large enough that what an inference costs beside them does not dilute the true slowdown of 3 %. Each trial
is an `ovtui compare --interleave` of its own, from start to end.
"""

from __future__ import annotations

import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path
from typing import Any

from tests import nets

SECONDS = {"same": "6", "slower": "15"}


def compared(a: Path, b: Path, seconds: str) -> tuple[dict[str, Any], float]:
    begin = time.perf_counter()
    done = subprocess.run(
        [sys.executable, "-m", "ovtui", "compare", "--interleave", a, b, "-t", seconds, "--no-profile", "-q", "--json"],
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    told: dict[str, Any] = json.loads(done.stdout)
    return told, time.perf_counter() - begin


def trials(folder: Path, what: str, count: int) -> None:
    channels = 64 if what == "slower" else 16
    shallow = nets.cnn(folder / f"{what}32.xml", channels=channels, size=32, layers=32)
    deep = nets.cnn(folder / f"{what}33.xml", channels=channels, size=32, layers=33) if what == "slower" else shallow
    verdicts: Counter[str] = Counter()
    ratios, took, instances = [], [], []
    for number in range(1, count + 1):
        told, seconds = compared(shallow, deep, SECONDS[what])
        verdicts[told["verdict"]] += 1
        ratios.append(told["ratio"])
        took.append(seconds)
        instances.append(len(told["ratios"]))
        print(f"{number:4d}  {told['verdict']:9}  {told['ratio']:.4f}  {seconds:.1f} s", file=sys.stderr, flush=True)
    told_of = ", ".join(f"{verdict} {number}" for verdict, number in verdicts.most_common())
    low, high = statistics.quantiles(ratios, n=20)[0], statistics.quantiles(ratios, n=20)[-1]
    print(
        f"| {what} | {count} | {told_of} | {statistics.median(ratios):.4f} [{low:.4f}–{high:.4f}] | "
        f"{statistics.median(took):.1f} (at most {max(took):.1f}) | {statistics.median(instances):g} |",
        flush=True,
    )


def main() -> None:
    asked = dict(part.split("=") for part in sys.argv[1:]) or {"slower": "40", "same": "200"}
    print("| B is | trials | verdicts | ratio, median [5–95 %] | seconds | instances |\n|---|---:|---|---|---|---:|")
    with tempfile.TemporaryDirectory() as text:
        folder = Path(text)
        os.environ["OVTUI_HOME"] = str(folder / "home")
        for what, count in asked.items():
            trials(folder, what, int(count))


if __name__ == "__main__":
    main()
