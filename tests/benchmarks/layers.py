"""Layers and graphs: `python -m tests.benchmarks.layers [sum] [open] [keys] [inside]`; all of them without a name.

The profiles are real ones: of nets that are measured first. Keys go through a pseudo-terminal; what happens inside the
process is timed there.
"""

from __future__ import annotations

import json
import os
import random
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import onnx

from tests import nets
from tests.terminal import OVTUI, Terminal

LIGHT = Path(onnx.__file__).parent / "backend/test/data/light"


def ovtui(*arguments: object) -> dict[str, Any]:
    done = subprocess.run(
        [sys.executable, "-m", "ovtui", *map(str, arguments), "--json"], check=True, capture_output=True, text=True
    )
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def large(folder: Path) -> dict[str, Path]:
    return {
        "chain of 5,000": nets.chain(folder / "chain.xml", layers=5000),
        "transformer, 250 layers": nets.transformer(folder / "transformer.xml", layers=250),
    }


def measured(folder: Path) -> dict[str, str]:
    """The large nets, measured once: name → run."""
    kept = folder / "runs.json"
    if not kept.exists():
        runs = {name: ovtui("run", path, "-t", "2")["run"]["id"] for name, path in large(folder).items()}
        kept.write_text(json.dumps(runs))
    runs = json.loads(kept.read_text())
    assert isinstance(runs, dict)
    return runs


def sums(folder: Path) -> None:
    """The layers against the latency of the inferences in which they were counted."""
    print("| model | latency, ms | sum of layers / latency | counters |\n|---|---:|---:|---:|")
    found = {path.stem: path for path in sorted(LIGHT.glob("light_*.onnx"))}
    found["CNN"] = nets.cnn(folder / "cnn.xml", channels=32, size=56, layers=8)
    for name, path in (found | large(folder)).items():
        ratios, overheads, latency = [], [], 0.0
        for _ in range(3):
            ovtui("run", path, "-t", "2", "-q")
            layers = ovtui("layers")
            latency = layers["latency_us"] / 1000
            ratios.append(layers["total_us"] / layers["latency_us"])
            if layers["overhead"] is not None:  # a few slow inferences have no median to hold it against
                overheads.append(layers["overhead"])
        told = "/".join(f"{ratio:.3f}" for ratio in ratios)
        counters = f"{statistics.median(overheads) * 100:+.1f} %" if overheads else "–"
        print(f"| {name} | {latency:.2f} | {told} | {counters} |", flush=True)
    print()


def opening(folder: Path, rounds: int = 7) -> None:
    print("| 80×24, from key to last byte | ms |\n|---|---:|")
    for name, run in measured(folder).items():
        took: dict[str, list[float]] = {
            "the run, from History": [],
            "Layers, once it is open": [],
            "Graph, once it is open": [],
        }
        for _ in range(rounds):
            terminal = Terminal(OVTUI)
            terminal.read_until("Recent runs")
            terminal.settle(1.0)
            terminal.type("a")
            terminal.settle(1.0)
            if run != list(measured(folder).values())[-1]:
                terminal.type("j")
                terminal.settle(0.5)
            for what, key in zip(took, "\r25", strict=True):
                pressed = time.perf_counter()
                terminal.type(key)
                last, _ = terminal.burst(limit_s=2.0)
                took[what].append(1000 * (last - pressed))
                terminal.settle(1.5)
            terminal.close()
        for what, values in took.items():
            print(f"| {name}: {what} | {_quartiles(values)} |", flush=True)
    print()


def keys(folder: Path, presses: int = 30, only: str = "") -> None:
    print("| key to frame | median ms | p95 ms | bytes a key |\n|---|---:|---:|---:|")
    runs = measured(folder)
    for size in ((80, 24), (160, 50)):
        for name in runs:
            for what, opened, pressed in (
                ("Layers: move", "2", "j"),
                ("Layers: sort", "2", "s"),
                ("Layers: filter, a letter", "2/", "o"),
                ("Graph: move", "5", "j"),
                ("Graph: page", "5", "\x06"),
                ("Graph: next bottleneck", "5", "n"),
                ("Graph, all unfolded: move", "5e", "j"),
                ("Graph: fold and unfold all", "5", "ew"),
            ):
                if only not in what:
                    continue
                terminal = Terminal(OVTUI, size)
                terminal.read_until("Recent runs")
                terminal.settle(1.0)
                for key in ("a\r" if name == list(runs)[-1] else "aj\r") + opened:
                    terminal.type(key)
                    terminal.settle(2.0 if key in "a\r5e" else 0.3)
                took, sizes = [], []
                for number in range(presses):
                    time.sleep(random.uniform(0.05, 0.15))
                    terminal.settle(0.02)
                    begin = time.perf_counter()
                    terminal.type(pressed[number % len(pressed)])
                    last, written = terminal.burst(limit_s=0.5)
                    if written:
                        took.append(1000 * (last - begin))
                        sizes.append(written)
                terminal.close()
                p95 = statistics.quantiles(took, n=20)[-1]
                row = f"{statistics.median(took):.1f} | {p95:.1f} | {statistics.median(sizes):.0f}"
                print(f"| {name}, {what}, {size[0]}×{size[1]} | {row} |", flush=True)
    print()


def inside(folder: Path, rounds: int = 15) -> None:
    """What the graph costs without a terminal, and what the store holds."""
    from ovtui.analysis.fusion import names
    from ovtui.analysis.graph.folding import Drawing, Shown
    from ovtui.analysis.graph.model import runtime
    from ovtui.analysis.graph.rows import unfolded
    from ovtui.analysis.layer_filter import LayerColumns, terms
    from ovtui.store import open_store

    print("| inside the process | ms, median [quartiles] |\n|---|---:|")
    with open_store() as store:
        for name, run in measured(folder).items():
            profile = store.runs.profile(run)
            assert profile is not None
            called = names(profile)
            steps: dict[str, Callable[[], object]] = {
                "profile from the store": lambda run=run: store.runs.profile(run),
                "layers: columns": lambda profile=profile: LayerColumns(profile),
                "graph: blocks, first folding, lanes": lambda p=profile, c=called: _first_rows(
                    Drawing(Shown(runtime(p), c, 24))
                ),
            }
            columns = LayerColumns(profile)
            shown = Shown(runtime(profile), called, 24)
            steps["layers: filter"] = lambda columns=columns: columns.matching(terms("time>2us soft"))
            steps["layers: sort"] = lambda columns=columns: columns.ordered(columns.order, "name", descending=True)
            shown.folding = unfolded(shown.blocks)
            steps["graph: lanes, all unfolded"] = lambda shown=shown: _first_rows(Drawing(shown))
            for what, step in steps.items():
                took = []
                for _ in range(rounds):
                    begin = time.perf_counter()
                    step()
                    took.append(1000 * (time.perf_counter() - begin))
                print(f"| {name} ({len(profile.layers):,} layers): {what} | {_quartiles(took, 1)} |", flush=True)
        print("\n| profile in the store | layers | operations | bytes |\n|---|---:|---:|---:|")
        for name, run in measured(folder).items():
            profile = store.runs.profile(run)
            row = store.database.row("SELECT length(data) AS size FROM profiles WHERE run = :run", {"run": run})
            assert profile is not None
            assert row is not None
            print(f"| {name} | {len(profile.layers):,} | {len(profile.operations):,} | {row['size']:,} |")
    print()


def _first_rows(drawing: Any) -> None:
    for row in range(min(24, len(drawing))):
        drawing.lane(row)
        drawing.label(row)


def _quartiles(values: list[float], digits: int = 0) -> str:
    low, middle, high = statistics.quantiles(values, n=4)
    return f"{middle:.{digits}f} [{low:.{digits}f}–{high:.{digits}f}]"


PARTS: dict[str, Callable[[Path], None]] = {"sum": sums, "inside": inside, "open": opening, "keys": keys}


def main() -> None:
    with tempfile.TemporaryDirectory() as text:
        folder = Path(text)
        os.environ["OVTUI_HOME"] = str(folder / "home")
        for name in sys.argv[1:] or PARTS:
            part, _, only = name.partition("=")  # keys=filter: only those
            if only:
                keys(folder, only=only)
            else:
                PARTS[part](folder)


if __name__ == "__main__":
    main()
