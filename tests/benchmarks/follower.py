"""What a viewer costs the run it follows: `python -m tests.benchmarks.follower [ROUNDS]`.

One run of the product with all cores busy; a viewer on a pseudo-terminal of 80×24 follows it, `ovtui attach` or the
app's live screen, stopped and continued by turns. The ratio is the run's throughput while it is followed to that while
the viewer is stopped.
"""

from __future__ import annotations

import random
import signal
import sys
import tempfile
import time
from pathlib import Path

from tests import nets
from tests.benchmarks import contestants
from tests.terminal import OVTUI, Terminal

VIEWERS = {"attach": ((*OVTUI, "attach"), "FPS"), "live screen": (OVTUI, "How often")}


def main() -> None:
    rounds = int(sys.argv[1]) if len(sys.argv) > 1 else 30
    print("| viewer | model | throughput followed / not followed | bytes/s to the terminal | its CPU, % of a core |")
    print("|---|---|---|---:|---:|")
    with tempfile.TemporaryDirectory() as text:
        folder = Path(text)
        from ovtui.engine.device.demo import build

        build(folder / "demo.xml")
        found = {
            "MLP, 40 µs": nets.mlp(folder / "mlp40.xml", width=256, layers=6),
            "CNN, 1 ms": nets.cnn(folder / "cnn.xml", channels=32, size=56, layers=8),
            "demo (MobileNet-like)": folder / "demo.xml",
        }
        for viewer, (command, painted) in VIEWERS.items():
            for name, path in found.items():
                with contestants.ovtui(path, 2, 2, "f32", "threads") as run:
                    run.send(signal.SIGCONT)
                    home = run.processes()[0].environ()["OVTUI_HOME"]
                    terminal = Terminal(command, OVTUI_HOME=home)
                    terminal.read_until(painted)
                    followed, alone, written, busy = _turns(run, terminal, rounds)
                    terminal.close()
                ratio = contestants.ratio(followed, alone)
                print(f"| {viewer} | {name} | {ratio} | {written:.0f} | {busy:.1f} |", flush=True)


def _turns(run: contestants.Contestant, viewer: Terminal, rounds: int) -> tuple[list[float], list[float], float, float]:
    viewer.swallow()
    time.sleep(3)
    rates: dict[bool, list[float]] = {True: [], False: []}
    seen, busy, seconds = 0, 0.0, 0.0
    for _ in range(rounds):
        for watching in random.sample([True, False], 2):
            viewer.send(signal.SIGCONT if watching else signal.SIGSTOP)
            time.sleep(0.3)
            begin, before, bytes_before, cpu = time.perf_counter(), run.count(), viewer.total, viewer.cpu_s()
            time.sleep(2.0)  # a whole number of the screen's seconds
            elapsed = time.perf_counter() - begin
            rates[watching].append((run.count() - before) / elapsed)
            if watching:
                seen, busy, seconds = seen + viewer.total - bytes_before, busy + viewer.cpu_s() - cpu, seconds + elapsed
    return rates[True], rates[False], seen / seconds, 100 * busy / seconds


if __name__ == "__main__":
    main()
