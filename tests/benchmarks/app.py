"""The app's own cost: `python -m tests.benchmarks.app [start] [keys] [memory] [bytes]`; all of them without a name.

Everything is measured through a pseudo-terminal. Starts are measured in turn with an empty Textual app.
"""

from __future__ import annotations

import random
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from ovtui.store import open_store
from tests.store.samples import fill
from tests.terminal import OVTUI, Terminal

_EMPTY = """
from textual.app import App
from textual.widgets import Static
class Empty(App):
    def compose(self):
        yield Static("it is painted")
Empty().run()
"""


def home_with(folder: Path, runs: int) -> str:
    """A data folder that holds that many runs."""
    home = folder / str(runs)
    if not home.exists():
        with open_store(home / "ovtui.db") as store:
            fill(store, runs)
    return str(home)


def start(folder: Path, rounds: int = 25) -> None:
    print("| start to first paint, 1,000 runs | ms |\n|---|---|")
    home = home_with(folder, 1_000)
    took: dict[str, list[float]] = {"an empty Textual app": [], "ovtui, Home": []}
    for turn in range(rounds + 1):
        for name in random.sample(list(took), 2):
            if name.startswith("an"):
                terminal, wanted = Terminal((sys.executable, "-c", _EMPTY)), "it is painted"
            else:
                terminal, wanted = Terminal(OVTUI, OVTUI_HOME=home), "Recent runs"
            seconds = terminal.read_until(wanted) - terminal.started
            terminal.close()
            if turn:  # the first warms the disk's cache
                took[name].append(1000 * seconds)
    for name, values in took.items():
        print(f"| {name} | {_quartiles(values)} |")
    ratios = [b / a for a, b in zip(*took.values(), strict=True)]
    print(f"| ratio | {_quartiles(ratios, 2)} |\n")


def keys(folder: Path, presses: int = 60, only: str = "") -> None:
    print("| key to frame, 100,000 runs | median ms | p95 ms | bytes a key |\n|---|---:|---:|---:|")
    home = home_with(folder, 100_000)
    for size in ((80, 24), (160, 50)):
        for name, opening, pressed in (
            ("Home: move", "", "j"),
            ("Home: next list", "", "\t"),
            ("History: move", "a", "j"),
            ("History: page", "a", "\x06"),
            ("History: sort", "a", "s"),
            ("History: turn round", "a", "r"),
            ("History: mark", "a", " "),
            ("History: filter, a letter", "a/", "e"),
            ("History: filter, a letter less", "a/eeeeeeeeee", "\x7f"),
            ("Run: tab", "a\r", "l"),
            ("Configure: mode", "\r", "l"),
            ("Configure: next line", "\r", "\t"),
            ("Configure: type", "\r\t\t\t\t\t\t\t", "x"),
            ("Import: type", "i", "x"),
            ("Help: scroll", "?", "j"),
        ):
            if only not in name:
                continue
            terminal = Terminal(OVTUI, size, OVTUI_HOME=home)
            terminal.read_until("Recent runs")
            terminal.settle()
            for key in opening:
                terminal.type(key)
                terminal.settle(1.0 if key in "a\r" else 0.15)
            took, sizes = [], []
            for _ in range(presses if "less" not in name else 10):
                time.sleep(random.uniform(0.05, 0.15))
                terminal.settle(0.02)
                pressed_at = time.perf_counter()
                terminal.type(pressed)
                last, written = terminal.burst(limit_s=0.5)
                if written:
                    took.append(1000 * (last - pressed_at))
                    sizes.append(written)
            terminal.close()
            if took:
                p95 = statistics.quantiles(took, n=20)[-1]
                row = f"{statistics.median(took):.1f} | {p95:.1f} | {statistics.median(sizes):.0f}"
                print(f"| {name}, {size[0]}×{size[1]} | {row} |", flush=True)
    print()


def memory(folder: Path) -> None:
    print("| app memory, 100,000 runs | MB |\n|---|---:|")
    terminal = Terminal(OVTUI, OVTUI_HOME=home_with(folder, 100_000))
    terminal.read_until("Recent runs")
    terminal.settle(1.0)
    print(f"| Home | {terminal.rss_mb():.0f} |")
    terminal.type("a")
    terminal.read_until("100,000 runs")
    terminal.settle(2.0)
    print(f"| History, all loaded | {terminal.rss_mb():.0f} |")
    for key in "sss/e\rrp":
        terminal.type(key)
        terminal.settle(0.3)
    print(f"| after sorting, filtering, plotting | {terminal.rss_mb():.0f} |\n")
    terminal.close()


def idle(folder: Path, seconds: float = 10.0) -> None:
    print("| idle screen, 80×24 | bytes/s | CPU, % of a core |\n|---|---:|---:|")
    home = home_with(folder, 1_000)
    for name, opening in (("Home", ""), ("History", "a"), ("Run", "a\r"), ("Configure", "\r"), ("Import", "i")):
        terminal = Terminal(OVTUI, OVTUI_HOME=home)
        terminal.read_until("Recent runs")
        terminal.settle(1.0)
        for key in opening:
            terminal.type(key)
            terminal.settle(1.0)
        before = terminal.cpu_s()
        written = terminal.count_for(seconds)
        print(f"| {name} | {written / seconds:.0f} | {100 * (terminal.cpu_s() - before) / seconds:.1f} |", flush=True)
        terminal.close()
    print()


def _quartiles(values: list[float], digits: int = 0) -> str:
    low, middle, high = statistics.quantiles(values, n=4)
    return f"{middle:.{digits}f} [{low:.{digits}f}–{high:.{digits}f}]"


PARTS: dict[str, Callable[[Path], None]] = {"start": start, "keys": keys, "memory": memory, "bytes": idle}


def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        for name in sys.argv[1:] or PARTS:
            part, _, only = name.partition("=")  # keys=Run: only those
            if only:
                keys(Path(folder), only=only)
            else:
                PARTS[part](Path(folder))


if __name__ == "__main__":
    main()
