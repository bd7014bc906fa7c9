"""Processes that take turns: each is stopped and continued by signals, and counts inferences into shared memory.

Two contestants measured one after the other differ by 2 to 8 % on a shared machine, whatever they are. Taking turns
of half a second within one run, under the same conditions, they can be compared to about half a percent.
"""

from __future__ import annotations

import contextlib
import json
import math
import mmap
import os
import random
import signal
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

import psutil

from ovtui.analysis.t_quantile import t_quantile
from ovtui.engine import ring


@dataclass
class Contestant:
    """Something that infers; `count` tells how often so far."""

    name: str
    processes: Callable[[], list[psutil.Process]]
    count: Callable[[], int]

    def send(self, number: int) -> None:
        for process in self.processes():
            try:
                process.send_signal(number)
            except psutil.NoSuchProcess:
                continue


def turns(contestants: list[Contestant], rounds: int, seconds: float) -> dict[str, list[float]]:
    """Inferences per second of each contestant, stopped as it comes, in each round; in random order within a round."""
    rates: dict[str, list[float]] = {contestant.name: [] for contestant in contestants}
    for _ in range(rounds):
        for contestant in random.sample(contestants, len(contestants)):
            contestant.send(signal.SIGCONT)
            time.sleep(0.1)  # caches, and the threads' own spinning, settle
            begin, before = _completion(contestant)
            time.sleep(seconds)
            end, after = _completion(contestant)
            contestant.send(signal.SIGSTOP)
            rates[contestant.name].append((after - before) / (end - begin))
    return rates


def _completion(contestant: Contestant) -> tuple[float, int]:
    """The moment at which an inference is completed, and their number: for slow models one more or less is a lot."""
    before = contestant.count()
    while (now := contestant.count()) == before:
        time.sleep(0.0005)
    return time.perf_counter(), now


def middle_ratio(a: list[float], b: list[float]) -> float:
    """The median of a/b, round by round."""
    return statistics.median(x / y for x, y in zip(a, b, strict=True) if y)


def mean_ratio(ratios: list[float]) -> str:
    """`mean ± half of the 95 % interval` over starts (at least three)."""
    doubt = t_quantile(0.975, len(ratios) - 1) * statistics.stdev(ratios) / math.sqrt(len(ratios))
    return f"{statistics.mean(ratios):.3f} ± {doubt:.3f}"


def ratio(a: list[float], b: list[float]) -> str:
    """`median [quartile – quartile]` of a/b, round by round."""
    ratios = [x / y for x, y in zip(a, b, strict=True) if y]
    low, middle, high = statistics.quantiles(ratios, n=4)
    return f"{middle:.3f} [{low:.3f}–{high:.3f}]"


def build_limit(folder: Path) -> Path:
    """Compile limit.cpp against the headers and libraries of the installed wheel."""
    spec = find_spec("openvino")
    assert spec is not None
    assert spec.submodule_search_locations
    package = Path(spec.submodule_search_locations[0])
    library = next(path for path in (package / "libs").glob("libopenvino.so.*"))
    program = folder / "limit"
    subprocess.run(
        ["g++", "-O2", "-std=c++17", Path(__file__).with_name("limit.cpp"), "-o", program, f"-I{package / 'include'}",
         library, f"-Wl,-rpath,{package / 'libs'}", "-lpthread"],
        check=True,
    )  # fmt: skip
    return program


@contextmanager
def limit(program: Path, model: Path, streams: int, requests: int, precision: str, way: str) -> Iterator[Contestant]:
    """The C++ program, `way` being blocking or queue."""
    with tempfile.NamedTemporaryFile() as file:
        file.truncate(4096)
        memory = mmap.mmap(file.fileno(), 4096)
        words = memoryview(memory).cast("q")
        process = psutil.Popen([program, model, str(streams), str(requests), precision, way, file.name])
        try:
            _until(lambda: words[0] > 0)
            contestant = Contestant(f"C++ {way}", lambda: [process], lambda: words[0])
            contestant.send(signal.SIGSTOP)
            yield contestant
        finally:
            process.kill()
            process.wait()


@contextmanager
def ovtui(model: Path, streams: int, requests: int, precision: str, api: str) -> Iterator[Contestant]:
    """A run of the product itself, as users start it: job process, device process, statistics and all."""
    with tempfile.TemporaryDirectory() as home:
        environment = {**os.environ, "OVTUI_HOME": home, "OVTUI_LOCK": f"{home}/lock"}
        extra = [] if precision == "default" else ["--precision", precision]
        started = subprocess.run(
            [sys.executable, "-m", "ovtui", "run", model, "--mode", "manual", "--streams", str(streams), "--requests",
             str(requests), "--api", api, "-t", "3600", "--detach", "--json", *extra],
            env=environment, check=True, capture_output=True, text=True,
        )  # fmt: skip
        run = json.loads(started.stdout)["run"]["id"]
        job = next(p for p in psutil.process_iter(["cmdline"]) if p.info["cmdline"] and p.info["cmdline"][-1] == run)
        try:
            _until(lambda: bool(job.children()))
            device = job.children()[0]
            count = _ring_counter(device.pid)
            _until(lambda: count() > 0)
            contestant = Contestant(f"ovtui {api}", lambda: [job, device], count)
            contestant.send(signal.SIGSTOP)
            yield contestant
        finally:
            job.send_signal(signal.SIGCONT)
            job.kill()


def _ring_counter(pid: int) -> Callable[[], int]:
    """Inferences in the shared memory of a device process, read without touching it."""
    links: list[Path] = []

    def found() -> bool:
        for path in Path(f"/proc/{pid}/fd").iterdir():
            with contextlib.suppress(FileNotFoundError):  # it opens and closes files while it starts
                if "ovtui-ring" in os.readlink(path):  # noqa: PTH115
                    links.append(path)
        return bool(links)

    _until(found)
    fd = os.open(links[0], os.O_RDWR)
    words = ring.Ring(fd)._words

    def count() -> int:
        lanes = words[ring._LANES]
        return sum(words[ring._LINE * (1 + i)] for i in range(lanes)) // 2

    return count


def _until(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 60
    while not condition():
        if time.monotonic() > deadline:
            raise TimeoutError
        time.sleep(0.01)
