"""How quickly history opens, with 1,000 and with 100,000 runs. By hand: `python tests/benchmarks/history.py`."""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path

ROOT = Path(__file__).parents[2]
sys.path[:0] = [str(ROOT), str(ROOT / "tests")]

from store.samples import fill  # noqa: E402

from ovtui.records import RunFilter  # noqa: E402
from ovtui.store import Cursor, Store, open_store  # noqa: E402

PAGE = 50
MODEL = RunFilter(model="m3filling00")


def median_ms(act: Callable[[], object], times: int = 21) -> float:
    act()
    took = []
    for _ in range(times):
        start = time.perf_counter()
        act()
        took.append((time.perf_counter() - start) * 1000)
    return statistics.median(took)


def after_pages(store: Store, pages: int) -> Cursor | None:
    """Where page `pages` ends."""
    before: Cursor | None = None
    for _ in range(pages):
        page = store.runs.page(limit=PAGE, before=before)
        before = page[-1].created, page[-1].id
    return before


def in_process(folder: Path, count: int) -> list[float]:
    path = folder / str(count) / "ovtui.db"
    with open_store(path) as store:
        fill(store, count)
    with open_store(path, readonly=True) as store:
        deep = after_pages(store, min(99, count // PAGE - 1))
        an_id = store.runs.page(limit=1)[0].id
        return [
            median_ms(lambda: open_store(path, readonly=True).close()),
            median_ms(lambda: store.runs.page(limit=PAGE)),
            median_ms(lambda: store.runs.page(MODEL, PAGE)),
            median_ms(lambda: store.runs.page(limit=PAGE, before=deep)),
            median_ms(store.runs.count),
            median_ms(lambda: store.runs.count(MODEL)),
            median_ms(lambda: store.runs.find(an_id[:7])),
            median_ms(lambda: store.runs.whole(limit=PAGE)),
        ]


def whole_process(commands: Sequence[Sequence[str]], home: Path, rounds: int = 21) -> list[float]:
    """Median milliseconds of each command; interleaved, so that what disturbs one disturbs all."""
    took: list[list[float]] = [[] for _ in commands]
    environment = {**os.environ, "OVTUI_HOME": str(home), "PYTHONPATH": str(ROOT)}
    for turn in range(rounds + 1):
        for command, times in zip(commands, took, strict=True):
            start = time.perf_counter()
            subprocess.run(command, env=environment, cwd=home, capture_output=True, check=True)
            if turn:  # the first warms the disk's cache
                times.append((time.perf_counter() - start) * 1000)
    return [statistics.median(times) for times in took]


def main() -> None:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        rows = (
            "open", "newest page", "newest page of a model", "page 100, or the last", "count", "count of a model",
            "find by prefix", f"{PAGE} whole runs",
        )  # fmt: skip
        few, many = in_process(folder, 1_000), in_process(folder, 100_000)
        print("| median, ms | 1,000 runs | 100,000 runs |\n|---|---:|---:|")
        for row, left, right in zip(rows, few, many, strict=True):
            print(f"| {row} | {left:.2f} | {right:.2f} |")
        python = sys.executable
        click, *ours = whole_process(
            (
                (python, "-c", "import click"),
                (python, "-c", "import ovtui.store"),
                (python, "-m", "ovtui", "--version"),
                (python, "-m", "ovtui", "history"),
            ),
            folder / "1000",
        )
        print(f"\n| whole process | ms | × `import click` |\n|---|---:|---:|\n| `import click` | {click:.0f} | 1.00 |")
        for command, took in zip(("`import ovtui.store`", "`ovtui --version`", "`ovtui history`"), ours, strict=True):
            print(f"| {command} | {took:.0f} | {took / click:.2f} |")


if __name__ == "__main__":
    main()
