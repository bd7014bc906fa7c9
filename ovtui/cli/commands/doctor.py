"""`ovtui doctor`: what this machine can do, what is missing, and how to get it."""

from __future__ import annotations

import importlib.metadata
import os
import platform
import shutil
import sys
from pathlib import Path
from typing import Any

import click
import msgspec

from ovtui import __version__, paths
from ovtui.cli import words
from ovtui.cli.output import document, json_option
from ovtui.engine.environment import environment
from ovtui.engine.probe import probe
from ovtui.errors import OvtuiError
from ovtui.text import plain

_EXTRAS = {"images": ("pillow", "folders of images as --data")}


@click.command()
@click.option("--all", "everything", is_flag=True, help="Every property of every device.")
@json_option
def command(everything: bool, as_json: bool) -> None:
    """Show devices, versions, the machine's sensors, the data folder, and optional parts that are missing."""
    error: str | None = None
    try:
        found = probe()
        openvino, devices = found.openvino, found.devices
    except OvtuiError as raised:
        openvino, devices, error = "", {}, str(raised)
    machine = environment(openvino)
    folder = _folder()
    extras = _extras()
    terminal = {
        "term": os.environ.get("TERM"),
        "tty": sys.stdout.isatty(),
        "columns": shutil.get_terminal_size().columns,
        "lines": shutil.get_terminal_size().lines,
        "encoding": sys.stdout.encoding,
    }
    if as_json:
        document(
            {
                "devices": devices,
                "environment": msgspec.to_builtins(machine),
                "data_folder": folder,
                "extras": extras,
                "terminal": terminal,
                "error": error,
            }
        )
    else:
        line = click.echo
        line(f"ovtui {__version__}, Python {platform.python_version()}, OpenVINO {plain(openvino) or 'not usable'}")
        if error:
            line(f"  ! {error}")
        line(f"\nMachine  {machine.host}")
        for title, value in (
            ("processor", machine.cpu),
            ("cores", f"{machine.cores} usable, {machine.physical_cores or words.NOTHING} physical"),
            ("memory", words.size(machine.memory_mb * 2**20)),
            ("system", f"{machine.os}, kernel {machine.kernel}"),
            ("virtual", machine.virtual or "no sign of it"),
            ("governor", machine.governor or "not told"),
            ("frequency", "not told" if machine.frequency_mhz is None else f"{machine.frequency_mhz:.0f} MHz"),
            ("temperature", "no sensor" if machine.temperature_c is None else f"{machine.temperature_c:.0f} °C"),
        ):
            line(f"  {title:<13}{value}")
        if machine.governor not in (None, "performance"):
            line("  ! For steady numbers: sudo cpupower frequency-set -g performance")
        for device, values in devices.items():
            line(f"\nDevice   {plain(device)}  {plain(' '.join(values.get('FULL_DEVICE_NAME', '').split()))}")
            shown = values if everything else {k: v for k, v in values.items() if k in _USEFUL}
            for key, value in sorted(shown.items()):
                line(f"  {plain(key):<34}{plain(value, 200)}")
        if devices and not everything:
            line("  (--all shows every property)")
        line(f"\nData     {plain(folder['path'])}")
        line(f"  {folder['state']}, {words.size(folder['free_bytes'])} free")
        line("\nOptional parts")
        for name, part in extras.items():
            line(f"  {name:<13}{'present' if part['present'] else 'missing: ' + part['install']}  ({part['for']})")
    if error:
        sys.exit(1)


_USEFUL = frozenset(
    {
        "DEVICE_ARCHITECTURE",
        "DEVICE_TYPE",
        "EXECUTION_DEVICES",
        "INFERENCE_NUM_THREADS",
        "INFERENCE_PRECISION_HINT",
        "OPTIMIZATION_CAPABILITIES",
        "RANGE_FOR_ASYNC_INFER_REQUESTS",
        "RANGE_FOR_STREAMS",
    }
)


def _folder() -> dict[str, Any]:
    home = paths.home()
    there = home
    while not there.exists() and there != there.parent:
        there = there.parent
    writable = there.is_dir() and os.access(there, os.W_OK)
    state = "there" if home.exists() else "made when it is needed"
    return {
        "path": str(home),
        "exists": home.exists(),
        "writable": writable,
        "state": state if writable else "not writable: set OVTUI_HOME to another folder",
        "free_bytes": shutil.disk_usage(there).free,
        "database_bytes": _size(paths.database()),
    }


def _size(path: Path) -> int | None:
    try:
        return path.stat().st_size
    except OSError:
        return None


def _extras() -> dict[str, dict[str, Any]]:
    found: dict[str, dict[str, Any]] = {}
    for extra, (package, what) in _EXTRAS.items():
        try:
            version: str | None = importlib.metadata.version(package)
        except importlib.metadata.PackageNotFoundError:
            version = None
        found[extra] = {
            "present": version is not None,
            "version": version,
            "for": what,
            "install": f"pip install 'ovtui[{extra}]'",
        }
    return found
