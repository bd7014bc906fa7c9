"""Make the README's picture from real runs: `python screenshots/make.py`."""

from __future__ import annotations

import fcntl
import io
import os
import pty
import re
import shutil
import struct
import sys
import tempfile
import termios
from pathlib import Path

from rich.console import Console
from rich.text import Text

FOLDER = Path(__file__).parent
COLUMNS, LINES = 80, 24


def output_of(*arguments: str) -> str:
    """What `ovtui` leaves on a terminal of 80×24 once its progress bar is gone."""
    pid, line = pty.fork()
    if pid == 0:
        os.environ.update({"TERM": "xterm-256color", "COLUMNS": str(COLUMNS), "LINES": str(LINES)})
        os.execv(sys.executable, [sys.executable, "-m", "ovtui", *arguments])
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


def picture(name: str, *arguments: str) -> None:
    """`ovtui ARGUMENTS` as screenshots/NAME.svg, without fonts from the network."""
    console = Console(record=True, width=COLUMNS, file=io.StringIO(), force_terminal=True, color_system="truecolor")
    console.print(Text("$ " + " ".join(("ovtui", *arguments)) + "\n") + Text.from_ansi(output_of(*arguments)))
    svg = console.export_svg(title="ovtui")
    svg = re.sub(r"@font-face \{.*?\}", "", svg, flags=re.DOTALL).replace("Fira Code", "DejaVu Sans Mono")
    (FOLDER / f"{name}.svg").write_text(svg)


def main() -> None:
    home = Path(tempfile.gettempdir()) / "ovtui"
    os.environ["OVTUI_HOME"] = str(home)
    try:
        picture("demo", "demo")
    finally:
        shutil.rmtree(home, ignore_errors=True)


if __name__ == "__main__":
    main()
