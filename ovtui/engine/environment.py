"""The machine and the software a number was measured on, as far as the machine tells."""

from __future__ import annotations

import contextlib
import os
import platform
import re
from pathlib import Path

import psutil

import ovtui
from ovtui.engine import memory
from ovtui.engine.cores import cores, cpu_quota
from ovtui.records import Environment
from ovtui.sanitize import plain


def environment(openvino: str) -> Environment:
    """Everything now. `openvino` is the runtime's own version string."""
    limit = memory.limit()
    return Environment(
        host=plain(platform.node(), 100),
        cpu=cpu_name(),
        cores=cores(),
        physical_cores=psutil.cpu_count(logical=False),
        memory_mb=psutil.virtual_memory().total / 2**20,
        os=_os_name(),
        kernel=platform.release(),
        python=platform.python_version(),
        openvino=openvino,
        ovtui=ovtui.__version__,
        governor=governor(),
        frequency_mhz=frequency_mhz(),
        temperature_c=temperature_c(),
        load_1m=_load(),
        virtual=_virtual(),
        cpu_quota=cpu_quota(),
        memory_limit_mb=None if limit is None else limit / 2**20,
    )


def cpu_name() -> str:
    """As the processor calls itself."""
    with contextlib.suppress(OSError):
        text = Path("/proc/cpuinfo").read_text(errors="replace")
        for key in ("model name", "Hardware", "Model"):
            found = re.search(rf"^{key}\s*: (.+)$", text, re.MULTILINE)
            if found:
                return plain(found[1].strip(), 100)
    return plain(platform.processor() or platform.machine(), 100)


def governor() -> str | None:
    """The frequency governor of the first core, where there is one."""
    return _line("/sys/devices/system/cpu/cpu0/cpufreq/scaling_governor")


def frequency_mhz() -> float | None:
    """Mean of the cores' current frequencies, where the machine says so."""
    values = []
    for path in Path("/sys/devices/system/cpu").glob("cpu[0-9]*/cpufreq/scaling_cur_freq"):
        with contextlib.suppress(OSError, ValueError):
            values.append(int(path.read_text()) / 1e3)
    return sum(values) / len(values) if values else None


_CPU_SENSORS = ("coretemp", "k10temp", "zenpower", "cpu_thermal", "cpu-thermal", "soc_thermal", "acpitz")


def temperature_c() -> float | None:
    """The hottest of the processor's sensors, where there are any."""
    try:
        sensors = psutil.sensors_temperatures()
    except (AttributeError, OSError):
        return None
    for name in _CPU_SENSORS:
        values = [entry.current for entry in sensors.get(name, ()) if entry.current is not None]
        if values:
            return float(max(values))
    return None


def _os_name() -> str:
    with contextlib.suppress(OSError, AttributeError):
        return plain(platform.freedesktop_os_release()["PRETTY_NAME"], 100)
    return platform.system()


def _load() -> float | None:
    with contextlib.suppress(OSError, AttributeError):
        return os.getloadavg()[0]
    return None


def _virtual() -> str | None:
    """The hypervisor's name where firmware tells, "yes" where only the processor does."""
    with contextlib.suppress(OSError):
        flags = Path("/proc/cpuinfo").read_text(errors="replace")
        if re.search(r"^flags\s*:.*\bhypervisor\b", flags, re.MULTILINE):
            return _line("/sys/class/dmi/id/sys_vendor") or "yes"
    return None


def _line(path: str) -> str | None:
    try:
        return plain(Path(path).read_text(errors="replace").strip(), 100) or None
    except OSError:
        return None
