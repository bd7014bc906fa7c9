"""`ovtui doctor`: what this machine can do, what is missing, and how to get it."""

from __future__ import annotations

import importlib.metadata
import os
import platform
import shutil
import sys
import tempfile
from pathlib import Path
from typing import Any

import click
import msgspec

from ovtui import __version__, formatting, paths
from ovtui.cli.output import document, field, json_option, strong
from ovtui.engine.environment import environment
from ovtui.engine.probe import probe
from ovtui.errors import OvtuiError
from ovtui.records import Ceilings, Environment
from ovtui.report import summary
from ovtui.report.summary import environment_fields
from ovtui.sanitize import plain
from ovtui.store import open_store

_EXTRAS = {
    "images": ("pillow", "folders of images as --data"),
    "quantize": ("nncf", "INT8 and compressed versions"),
    "serve": ("textual-serve", "the app in a browser"),
}


@click.command()
@click.option("--all", "everything", is_flag=True, help="Every property of every device.")
@json_option
def command(everything: bool, as_json: bool) -> None:
    """Show devices, versions, the machine's sensors, the data folder, and optional parts that are missing."""
    error: str | None = None
    try:
        found = probe()
        openvino, devices = plain(found.openvino), found.devices
    except OvtuiError as raised:
        openvino, devices, error = "", {}, str(raised)
    machine = environment(openvino)
    folder = _folder()
    ceilings = _ceilings(list(devices))
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
                "ceilings": {name: msgspec.to_builtins(found) for name, found in ceilings.items()},
                "environment": msgspec.to_builtins(machine),
                "data_folder": folder,
                "extras": extras,
                "terminal": terminal,
                "error": error,
            }
        )
    else:
        click.echo(
            strong(f"ovtui {__version__}, Python {platform.python_version()}, OpenVINO {openvino or 'not usable'}")
        )
        if error:
            field("!", error, width=2)
        _machine(machine)
        _devices(devices, ceilings, everything=everything)
        click.echo(f"\n{strong('Data')}")
        field("folder", f"{plain(folder['path'])}  ({folder['state']})", width=13)
        for notice in folder["notices"]:
            field("!", notice, width=2)
        field("free", formatting.size(folder["free_bytes"]), width=13)
        click.echo(f"\n{strong('Terminal')}")
        field("kind", f"{plain(terminal['term'] or 'TERM is not set')}, {terminal['encoding']}", width=13)
        size = f"{terminal['columns']} columns, {terminal['lines']} lines"
        field("size", size if terminal["tty"] else "stdout is no terminal", width=13)
        click.echo(f"\n{strong('Optional parts')}")
        for name, part in extras.items():
            state = "present" if part["present"] else f"missing: {part['install']}"
            field(name, f"{state}  ({part['for']})", width=13)
    if error or folder["error"]:
        sys.exit(1)


def _machine(machine: Environment) -> None:
    click.echo(f"\n{strong('Machine')}")
    for title, value in environment_fields(machine):
        if title not in ("OpenVINO", "Python", "ovtui"):  # the first line says them
            field(title, value, width=13)
    if machine.governor not in (None, "performance"):
        field("!", "For steady numbers: sudo cpupower frequency-set -g performance", width=2)


def _ceilings(devices: list[str]) -> dict[str, Ceilings]:
    """What was measured of them with the first look at layers."""
    try:
        with open_store(readonly=True) as store:
            found = {name: store.settings.get(f"ceilings:{name}", Ceilings) for name in devices}
    except OvtuiError:  # the data folder has a line of its own
        return {}
    return {name: ceilings for name, ceilings in found.items() if ceilings is not None}


def _devices(devices: dict[str, dict[str, str]], ceilings: dict[str, Ceilings], *, everything: bool) -> None:
    for device, values in devices.items():
        click.echo(
            f"\n{strong('Device')}  {plain(device)}  {plain(' '.join(values.get('FULL_DEVICE_NAME', '').split()))}"
        )
        shown = values if everything else {key: value for key, value in values.items() if key in _USEFUL}
        for key, value in sorted(shown.items()):
            field(plain(key), plain(value, 200), width=34)
        if device in ceilings:
            field("measured", summary.ceilings(ceilings[device]), width=34)
    if devices and not everything:
        field("", "`ovtui doctor --all` shows every property", width=0)


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
    while not os.path.exists(there) and there != there.parent:  # noqa: PTH110 (it takes what it may not see as absent)
        there = there.parent
    exists = there == home
    writable = _takes_files(there)
    state = "there" if exists else "made when it is needed"
    error = None if writable else "not writable: set OVTUI_HOME to another folder"
    found: list[str] = []
    try:
        with open_store(readonly=True) as store:
            found = store.notices
    except OvtuiError as unusable:
        error = plain(unusable)
    return {
        "path": str(home),
        "exists": exists,
        "writable": writable,
        "error": error,
        "notices": found,
        "state": error or state,
        "free_bytes": shutil.disk_usage(there).free,
        "database_bytes": _size(paths.database()),
    }


def _takes_files(folder: Path) -> bool:
    """Tried, since permissions do not tell it of every file system; what is tried has no name there."""
    try:
        with tempfile.TemporaryFile(dir=folder):
            return True
    except OSError:
        return False


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
