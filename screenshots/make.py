"""Make the README's pictures from real runs: `python screenshots/make.py [PART …]` (`pip install '.[screenshots]'`).

Each as SVG and as PNG: the command line as a terminal shows it, the app at 80×24 and at 160×50.
"""

from __future__ import annotations

import asyncio
import fcntl
import io
import os
import pty
import re
import shutil
import struct
import subprocess
import sys
import tempfile
import termios
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import resvg_py
from PIL import Image
from rich.console import Console
from rich.text import Text

FOLDER = Path(__file__).parent
COLUMNS, LINES = 80, 24
OVTUI = (sys.executable, "-m", "ovtui")
LIGHT = Path(onnx.__file__).parent / "backend/test/data/light"


def output_of(*arguments: str) -> str:
    """What `ovtui` leaves on a terminal of 80×24 once its progress bar is gone."""
    pid, line = pty.fork()
    if pid == 0:
        os.environ.update({"COLUMNS": str(COLUMNS), "LINES": str(LINES)})
        os.execv(sys.executable, [*OVTUI, *arguments])
    fcntl.ioctl(line, termios.TIOCSWINSZ, struct.pack("HHHH", LINES, COLUMNS, 0, 0))
    written = b""
    while True:
        try:
            chunk = os.read(line, 65536)
        except OSError:  # Linux says so when the other side has left
            break
        if not chunk:
            break
        written += chunk
    os.waitpid(pid, 0)
    text = written.decode()
    text = re.sub(r"\x1b\[\?25l.*?\x1b\[\?25h", "", text, flags=re.DOTALL)
    return re.sub(r"\x1b\[2K|\x1b\[1A|\r", "", text)


def keep(name: str, svg: str) -> None:
    """As NAME.svg without fonts from the network, and as NAME.png."""
    svg = re.sub(r"@font-face \{.*?\}", "", svg, flags=re.DOTALL).replace("Fira Code", "DejaVu Sans Mono")
    (FOLDER / f"{name}.svg").write_text(svg)
    (FOLDER / f"{name}.png").write_bytes(bytes(resvg_py.svg_to_bytes(svg_string=svg)))
    print(name)


def command(name: str, *arguments: str) -> None:
    """`ovtui ARGUMENTS` as it looks on a terminal."""
    console = Console(record=True, width=COLUMNS, file=io.StringIO(), force_terminal=True, color_system="truecolor")
    console.print(Text("$ " + " ".join(("ovtui", *arguments)) + "\n") + Text.from_ansi(output_of(*arguments)))
    keep(name, console.export_svg(title="ovtui"))


async def app(name: str, *keys: str, wait_for: Callable[[Any], bool] = lambda screen: True, model: str = "") -> None:
    """The app after some keys, at both sizes."""
    from ovtui.store import open_store
    from ovtui.tui.app import OvtuiApp

    for size in ((80, 24), (160, 50)):
        with open_store() as store:
            shown = OvtuiApp(store, model=model or None)
            async with shown.run_test(size=size) as pilot:
                await pilot.pause(0.5)
                for key in keys:
                    await pilot.press(key)
                    await pilot.pause(0.8)
                deadline = time.monotonic() + 60
                while not wait_for(shown.screen) and time.monotonic() < deadline:
                    await pilot.pause(0.2)
                await pilot.pause(1.0)
                keep(f"{name}-{size[0]}x{size[1]}", shown.export_screenshot(title="ovtui"))


def run(*arguments: str) -> None:
    subprocess.run((*OVTUI, "run", *arguments, "--quiet"), check=True, stdout=subprocess.DEVNULL)


def studies() -> None:
    """An exploration and a comparison in turn: some four minutes."""
    subprocess.run((*OVTUI, "explore", "squeezenet.onnx", "--quiet"), check=True, stdout=subprocess.DEVNULL)
    asyncio.run(app("explore", "x", *["tab"] * 8, "enter"))
    subprocess.run(
        (*OVTUI, "compare", "--interleave", "squeezenet.onnx", "shufflenet.onnx", "--quiet"),
        check=True, stdout=subprocess.DEVNULL,
    )  # fmt: skip
    asyncio.run(app("compare", "a", "C", "enter"))


def versions() -> None:
    """An INT8 version of the built-in model, calibrated on drawn images: a minute and a half."""
    images = Path("images")
    images.mkdir()
    random = np.random.default_rng(0)
    for number in range(64):
        pixels = random.integers(0, 90, (160, 200, 3)).astype(np.uint8)
        left, top = (int(place) for place in random.integers(10, 90, 2))
        pixels[top : top + 60, left : left + 80] = random.integers(90, 256, 3)
        Image.fromarray(pixels).save(images / f"{number:02}.png")
    subprocess.run((*OVTUI, "import", str(_demo()), "--name", "demo"), check=True, stdout=subprocess.DEVNULL)
    stated = ("--mean", "123.7,116.3,103.5", "--scale", "58.4,57.1,57.4", "--channels", "rgb")
    subprocess.run(
        (*OVTUI, "optimize", "demo", "--data", "images", *stated, "-q"), check=True, stdout=subprocess.DEVNULL
    )
    asyncio.run(app("optimize", "o", "shift+tab", "enter"))


def _demo() -> Path:
    from ovtui.engine.device.demo import build

    path = Path("demo.xml")
    build(path)
    return path


def runs() -> None:
    """Everything else: some twelve minutes of real runs."""
    command("demo", "demo")
    for n in range(3):
        for name in ("squeezenet", "shufflenet"):
            run(f"{name}.onnx", "-t", "5", *(("--label", "nightly") if n == 0 else ()))
            run(f"{name}.onnx", "-t", "5", "--mode", "throughput")
    run("inception_v1.onnx")
    run("resnet50.onnx")
    command("layers", "layers", "--top", "10")
    asyncio.run(app("home"))
    asyncio.run(app("import", model=str(Path("squeezenet.onnx").absolute()), wait_for=_has_read))
    asyncio.run(app("configure", "right", "tab", "tab", "space", model="demo"))
    asyncio.run(app("run", "tab", "enter"))
    asyncio.run(app("layers", "tab", "enter", "2", "down", "down"))
    asyncio.run(app("precision", "tab", "enter", "3"))
    asyncio.run(app("graph", "tab", "down", "enter", "5", "e", "n"))
    asyncio.run(app("over-time", "tab", "enter", "6"))
    asyncio.run(app("latencies", "tab", "enter", "7"))
    asyncio.run(app("history", "a", "space", "down", "space"))
    subprocess.run((*OVTUI, "run", "demo", "--mode", "throughput", "--until-ci", "0.2%", "--detach"), check=True)
    asyncio.run(app("live", wait_for=_has_measured))
    subprocess.run((*OVTUI, "attach", "--quiet"), check=True, stdout=subprocess.DEVNULL)


def main() -> None:
    """All of them, or the parts that are named: `runs`, `studies`, `versions`."""
    os.environ.update({"TERM": "xterm-256color", "COLORTERM": "truecolor"})
    home = Path(tempfile.gettempdir()) / "ovtui"
    shutil.rmtree(home, ignore_errors=True)
    os.environ["OVTUI_HOME"] = str(home)
    models = Path(tempfile.gettempdir()) / "models"
    models.mkdir(exist_ok=True)
    for name in ("squeezenet", "shufflenet", "resnet50", "inception_v1"):
        shutil.copy(LIGHT / f"light_{name}.onnx", models / f"{name}.onnx")
    os.chdir(models)
    parts = {"runs": runs, "studies": studies, "versions": versions}
    try:
        for name in sys.argv[1:] or parts:
            parts[name]()
    finally:
        shutil.rmtree(home, ignore_errors=True)
        shutil.rmtree(models, ignore_errors=True)


def _has_read(screen: Any) -> bool:
    return screen.query_one("#found").display if screen.query("#found") else False


def _has_measured(screen: Any) -> bool:
    watched = getattr(screen, "watched", None)
    return watched is not None and len(watched.doubts) > 20


if __name__ == "__main__":
    main()
