"""Rooflines on every topology the tests know: `python -m tests.benchmarks.rooflines [NAME …]`.

For each: executed layers, those without a roofline, and the highest efficiency of those of 20 µs and more.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

import onnx

from ovtui.engine.device import demo
from tests import nets

LIGHT = Path(onnx.__file__).parent / "backend/test/data/light"
LONG_US = 20.0


def topologies(folder: Path) -> dict[str, Path]:
    """Those that ship with onnx, and those that are made here."""
    demo.build(folder / "demo.xml")
    return {path.stem.removeprefix("light_"): path for path in sorted(LIGHT.glob("light_*.onnx"))} | {
        "demo": folder / "demo.xml",
        "bert": nets.transformer(folder / "bert.xml", layers=4, width=256, length=64),
        "vit": nets.vit(folder / "vit.xml", layers=4, width=192, size=112),
        "convnext": nets.convnext(folder / "convnext.xml", blocks=4, width=96, size=64),
        "compressed": nets.compressed(folder / "compressed.xml", width=1024),
        "mixed": nets.mixed(folder / "mixed.xml"),
        "movers": nets.movers(folder / "movers.xml", rows=4096, width=1024),
    }


def ovtui(*arguments: object) -> dict[str, Any]:
    done = subprocess.run(
        [sys.executable, "-m", "ovtui", *map(str, arguments), "--json"], check=True, capture_output=True, text=True
    )
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def main() -> None:
    print("| topology | executed layers | without roofline | highest efficiency of layers ≥ 20 µs | its layer |")
    print("|---|---:|---:|---:|---|")
    with tempfile.TemporaryDirectory() as folder:
        for name, path in topologies(Path(folder)).items():
            if sys.argv[1:] and name not in sys.argv[1:]:
                continue
            ovtui("run", path, "-t", "1", "-q")
            rows = [row for row in ovtui("layers")["rows"] if row["status"] == "executed"]
            working = [
                row for row in rows if row["bytes"] is None or row["flops"] is None or row["bytes"] or row["flops"]
            ]
            without = [row for row in working if row["bound"] is None]
            long = [row for row in working if (row["time_us"] or 0) >= LONG_US and row["efficiency"] is not None]
            best = max(long, key=lambda row: row["efficiency"], default=None)
            told = "– | –" if best is None else f"{best['efficiency']:.2f} | {best['type']}, {best['kernel']}"
            print(f"| {name} | {len(rows)} | {len(without)} | {told} |", flush=True)


if __name__ == "__main__":
    main()
