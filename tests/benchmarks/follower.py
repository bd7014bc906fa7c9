"""What a follower costs the run it follows: `python -m tests.benchmarks.follower [ROUNDS]`.

One run of the product with all cores busy; an `ovtui attach` on a pseudo-terminal follows it, stopped and continued
by turns. The ratio is the run's throughput while it is followed to that while the follower is stopped.
"""

from __future__ import annotations

import os
import pty
import random
import signal
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

from tests import nets
from tests.benchmarks import contestants


def main() -> None:
    rounds = int(sys.argv[1]) if len(sys.argv) > 1 else 30
    print("| model | throughput followed / not followed | bytes/s to the terminal |")
    print("|---|---|---|")
    with tempfile.TemporaryDirectory() as text:
        folder = Path(text)
        from ovtui.engine.device.demo import build

        build(folder / "demo.xml")
        found = {
            "MLP, 40 µs": nets.mlp(folder / "mlp40.xml", width=256, layers=6),
            "CNN, 1 ms": nets.cnn(folder / "cnn.xml", channels=32, size=56, layers=8),
            "demo (MobileNet-like)": folder / "demo.xml",
        }
        for name, path in found.items():
            with contestants.ovtui(path, 2, 2, "f32", "threads") as run:
                run.send(signal.SIGCONT)
                job = run.processes()[0]
                home = job.environ()["OVTUI_HOME"]
                followed, alone, rate = _turns(run, home, rounds)
            print(f"| {name} | {contestants.ratio(followed, alone)} | {rate:.0f} |", flush=True)


def _turns(run: contestants.Contestant, home: str, rounds: int) -> tuple[list[float], list[float], float]:
    leader, follower_side = pty.openpty()
    read = [0]

    def swallow() -> None:
        while True:
            try:
                read[0] += len(os.read(leader, 65536))
            except OSError:
                return

    threading.Thread(target=swallow, daemon=True).start()
    follower = subprocess.Popen(
        [sys.executable, "-m", "ovtui", "attach"],
        env={**os.environ, "OVTUI_HOME": home, "TERM": "xterm-256color"},
        stdin=follower_side, stdout=follower_side, stderr=follower_side,
    )  # fmt: skip
    time.sleep(2)
    rates: dict[bool, list[float]] = {True: [], False: []}
    seen, seconds = 0, 0.0
    for _ in range(rounds):
        for watching in random.sample([True, False], 2):
            follower.send_signal(signal.SIGCONT if watching else signal.SIGSTOP)
            time.sleep(0.2)
            begin, before, bytes_before = time.perf_counter(), run.count(), read[0]
            time.sleep(1.5)
            elapsed = time.perf_counter() - begin
            rates[watching].append((run.count() - before) / elapsed)
            if watching:
                seen, seconds = seen + read[0] - bytes_before, seconds + elapsed
    follower.kill()
    follower.wait()
    os.close(follower_side)
    return rates[True], rates[False], seen / seconds


if __name__ == "__main__":
    main()
