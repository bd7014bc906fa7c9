"""What a viewer costs the run it follows: `python -m tests.benchmarks.follower [ROUNDS] [MODEL …]`.

One run of the product with all cores busy; a viewer on a pseudo-terminal of 80×24 follows it, `ovtui attach` or the
app's live screen, stopped and continued by turns. The ratio is the run's throughput while it is followed to that while
the viewer is stopped; beside it stands that of two turns without it, which shows what the machine does by itself.
"""

from __future__ import annotations

import random
import signal
import statistics
import sys
import tempfile
import time
from pathlib import Path
from typing import NamedTuple

from tests import nets
from tests.benchmarks import contestants
from tests.terminal import OVTUI, Terminal

STARTS = 4
VIEWERS = {"attach": ((*OVTUI, "attach"), "FPS"), "live screen": (OVTUI, "How often")}


def main() -> None:
    rounds = int(sys.argv[1]) if len(sys.argv) > 1 else 8
    print(f"Mean ± 95 % CI of {STARTS} starts, in each the median of {rounds} rounds.\n")
    print("| viewer | model | followed / not followed | not followed / itself | bytes/s | its CPU, % of a core |")
    print("|---|---|---|---|---:|---:|")
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
            for name in sys.argv[2:] or found:
                starts = [_started(found[name], command, painted, rounds) for _ in range(STARTS)]
                costs = contestants.mean_ratio([contestants.middle_ratio(s.followed, s.alone) for s in starts])
                itself = contestants.mean_ratio([contestants.middle_ratio(s.again, s.alone) for s in starts])
                written, busy = (
                    statistics.median(values) for values in zip(*((s.written, s.busy) for s in starts), strict=True)
                )
                print(f"| {viewer} | {name} | {costs} | {itself} | {written:.0f} | {busy:.1f} |", flush=True)


class Turns(NamedTuple):
    """Inferences per second of each turn; bytes per second to the terminal; CPU in % of a core."""

    followed: list[float]
    alone: list[float]
    again: list[float]
    written: float
    busy: float


def _started(path: Path, command: tuple[str, ...], painted: str, rounds: int) -> Turns:
    with contestants.ovtui(path, 2, 2, "f32", "threads") as run:
        run.send(signal.SIGCONT)
        home = run.processes()[0].environ()["OVTUI_HOME"]
        terminal = Terminal(command, OVTUI_HOME=home)
        terminal.read_until(painted)
        found = _turns(run, terminal, rounds)
        terminal.close()
    return found


def _turns(run: contestants.Contestant, viewer: Terminal, rounds: int) -> Turns:
    viewer.swallow()
    time.sleep(3)
    rates: dict[str, list[float]] = {"followed": [], "alone": [], "again": []}
    seen, busy, seconds = 0, 0.0, 0.0
    for _ in range(rounds):
        for turn in random.sample(list(rates), len(rates)):
            watching = turn == "followed"
            viewer.send(signal.SIGCONT if watching else signal.SIGSTOP)
            time.sleep(0.3)
            begin, before, bytes_before, cpu = time.perf_counter(), run.count(), viewer.total, viewer.cpu_s()
            time.sleep(2.0)  # a whole number of the screen's seconds
            elapsed = time.perf_counter() - begin
            rates[turn].append((run.count() - before) / elapsed)
            if watching:
                seen, busy, seconds = seen + viewer.total - bytes_before, busy + viewer.cpu_s() - cpu, seconds + elapsed
    return Turns(**rates, written=seen / seconds, busy=100 * busy / seconds)


if __name__ == "__main__":
    main()
