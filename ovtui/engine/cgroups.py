"""What a container may use: the CPU quota, the memory limit and the throttling counters of Linux control groups.

Versions 1 and 2, and both side by side. A limit holds for a group and for all below it, so each of our own group's
parents that can be seen is read, and the tightest one counts. Files: Documentation/admin-guide/cgroup-v2.rst,
cgroup-v1/memory.rst and scheduler/sched-bwc.rst of the kernel. A machine without control groups has no limits.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import NamedTuple

_UNLIMITED = 1 << 60  # bytes; version 1 writes the largest number it can for no limit


class Throttling(NamedTuple):
    """Since the groups were made: periods in which something ran, those in which the quota stopped it, and how long."""

    periods: int
    stopped: int
    seconds: float  # of all cores together


class Cgroups:
    """The control groups of this process."""

    def __init__(self, proc: Path = Path("/proc/self"), root: Path = Path("/")) -> None:
        memberships = [line.split(":", 2) for line in _text(proc / "cgroup").splitlines() if line.count(":") >= 2]
        mounts = [mount for line in _text(proc / "mountinfo").splitlines() if (mount := _mount(line)) is not None]
        self._cpu = _folders("cpu", memberships, mounts, root)
        self._memory = _folders("memory", memberships, mounts, root)

    def cpu_quota(self) -> float | None:
        """How many cores' worth of time it gets; None without a quota."""
        return min((quota for folder in self._cpu if (quota := _quota(folder)) is not None), default=None)

    def memory_limit(self) -> int | None:
        """In bytes; None without a limit."""
        return min((limit for folder in self._memory if (limit := _memory_limit(folder)) is not None), default=None)

    def memory_left(self) -> int | None:
        """How many bytes may still be taken before a limit is reached; None without one.

        What the kernel keeps of files and has not used lately makes room first.
        """
        left = []
        for folder in self._memory:
            limit, used = _memory_limit(folder), _memory_used(folder)
            if limit is not None and used is not None:
                left.append(max(0, limit - used))
        return min(left, default=None)

    def throttling(self) -> Throttling | None:
        """Of the groups that have a quota, the one that was stopped most; None without a quota."""
        found = [told for folder in self._cpu if _quota(folder) is not None and (told := _throttling(folder))]
        return max(found, key=lambda told: told.stopped, default=None)


class _Mount(NamedTuple):
    root: str  # the group that is mounted
    point: str
    controllers: frozenset[str]  # empty: version 2, which has all


def _mount(line: str) -> _Mount | None:
    """Of a line of mountinfo (proc_pid_mountinfo(5)); None where it is no control group's."""
    before, _, after = line.partition(" - ")
    left, right = before.split(" "), after.split(" ")
    if len(left) < 5 or len(right) < 3 or right[0] not in ("cgroup", "cgroup2"):
        return None
    controllers = frozenset(right[2].split(",")) if right[0] == "cgroup" else frozenset[str]()
    return _Mount(_unescaped(left[3]), _unescaped(left[4]), controllers)


def _unescaped(path: str) -> str:
    return re.sub(r"\\([0-7]{3})", lambda found: chr(int(found[1], 8)), path)


def _folders(controller: str, memberships: list[list[str]], mounts: list[_Mount], root: Path) -> list[Path]:
    """Where the limits of `controller` stand for this process: its group and the parents that are mounted."""
    found: list[Path] = []
    for _, controllers, group in memberships:
        if controllers and controller not in controllers.split(","):
            continue
        there = [m for m in mounts if (controller in m.controllers if controllers else not m.controllers)]
        # A container sees its own group as the root of the mount, and its path as that of the host.
        for mount in sorted(there, key=lambda m: _below(m.root, group) is None)[:1]:
            point = root / mount.point.lstrip("/")
            folder = point / (_below(mount.root, group) or "")
            found += [folder, *(parent for parent in folder.parents if parent == point or point in parent.parents)]
    return found


def _below(root: str, group: str) -> str | None:
    """`group` as seen from `root`; None where it is not below it."""
    base = root.rstrip("/") + "/"
    if ".." in group.split("/") or not f"{group}/".startswith(base):
        return None
    return group[len(base) :]


def _quota(folder: Path) -> float | None:
    told = _text(folder / "cpu.max").split()
    if not told:
        told = [_text(folder / "cpu.cfs_quota_us").strip(), _text(folder / "cpu.cfs_period_us").strip()]
    quota, period = (_number(text) for text in (*told, "", "")[:2])
    return quota / period if quota and period else None


def _memory_limit(folder: Path) -> int | None:
    limit = _number(_text(folder / "memory.max") or _text(folder / "memory.limit_in_bytes"))
    return limit if limit is not None and limit < _UNLIMITED else None


def _memory_used(folder: Path) -> int | None:
    used = _number(_text(folder / "memory.current") or _text(folder / "memory.usage_in_bytes"))
    counts = _counts(folder / "memory.stat")
    kept = counts.get("total_inactive_file", counts.get("inactive_file", 0))
    return None if used is None else max(0, used - kept)


def _throttling(folder: Path) -> Throttling | None:
    counts = _counts(folder / "cpu.stat")
    if "nr_throttled" not in counts:
        return None
    seconds = counts["throttled_usec"] / 1e6 if "throttled_usec" in counts else counts.get("throttled_time", 0) / 1e9
    return Throttling(counts.get("nr_periods", 0), counts["nr_throttled"], seconds)


def _counts(file: Path) -> dict[str, int]:
    return {key: int(value) for key, value in re.findall(r"^(\w+) (\d+)$", _text(file), re.MULTILINE)}


def _number(text: str) -> int | None:
    """`max` and −1 are no limit."""
    return int(text) if re.fullmatch(r"[0-9]{1,25}", text.strip()) else None


def _text(file: Path) -> str:
    try:
        return file.read_text(errors="replace")
    except OSError:
        return ""
