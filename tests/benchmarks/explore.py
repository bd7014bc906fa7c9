"""A search against measuring everything: `python -m tests.benchmarks.explore [MODEL …]`.

32 settings: 8 batches × 2 streams × the device's own number of requests and twice as many (on two cores OpenVINO takes
no more than two streams). Each is measured for 5 s; the search does not know of that. Its choice is then measured in
turn with the best of all, which tells the regret: measured at different times, two settings differ by more than 3 %
whatever they are.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

import onnx

GRID = ("--batches", "1-8", "--streams", "1,2", "--requests", "auto,4")


def ovtui(*arguments: object) -> dict[str, Any]:
    done = subprocess.run(
        [sys.executable, "-m", "ovtui", *map(str, arguments), "--json"], capture_output=True, text=True, check=True
    )
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def main() -> None:
    from ovtui.engine.device.demo import build

    print("| model | settings | each: s | best | search: s | of the time | probed | best | regret, in turn |")
    print("|---|---:|---:|---|---:|---:|---:|---|---|")
    light = Path(onnx.__file__).parent / "backend/test/data/light"
    with tempfile.TemporaryDirectory() as text:
        folder = Path(text)
        os.environ["OVTUI_HOME"] = str(folder / "home")
        build(folder / "demo.xml")
        models = {
            "demo (MobileNet-like)": folder / "demo.xml",
            "SqueezeNet": light / "light_squeezenet.onnx",
            "ResNet-50": light / "light_resnet50.onnx",
        }
        for name in sys.argv[1:] or models:
            each = ovtui("explore", models[name], *GRID, "--all", "-q")
            search = ovtui("explore", models[name], *GRID, "--fresh", "-q")
            chosen, best = search["best"]["id"], each["best"]["id"]
            regret = "the same setting"
            if _setting(search) != _setting(each):
                told = ovtui("compare", "--interleave", best, chosen, "-t", "40", "--no-profile", "-q")
                low, high = told["ci95"]
                regret = f"{1 - told['ratio']:.1%} ({1 - high:.1%} – {1 - low:.1%}), {told['verdict']}"
            probed = sum(cell["state"] == "measured" for cell in search["cells"])
            print(
                f"| {name} | {len(each['cells'])} | {each['elapsed_s']:.0f} | {_setting(each)} | "
                f"{search['elapsed_s']:.0f} | {search['elapsed_s'] / each['elapsed_s']:.0%} | {probed} | "
                f"{_setting(search)} | {regret} |",
                flush=True,
            )


def _setting(found: dict[str, Any]) -> str:
    spec = found["best"]["spec"]
    return f"batch {spec['batch']}, {spec['streams']} streams, {spec['requests']} requests"


if __name__ == "__main__":
    main()
