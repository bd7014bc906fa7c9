"""Is a process still the one it was: its number and its start time together, since numbers are used again."""

from __future__ import annotations

from pathlib import Path


def started(pid: int) -> float | None:
    """When process `pid` started, in a unit that only compares with itself; None if there is none (or a zombie)."""
    if Path("/proc/self/stat").exists():
        try:
            stat = Path(f"/proc/{pid}/stat").read_bytes()
        except OSError:
            return None
        # The name, in parentheses, may hold anything: count the fields after the last one.
        fields = stat[stat.rindex(b")") + 2 :].split()
        return None if fields[0] in (b"Z", b"X") else float(fields[19])
    import psutil

    try:
        process = psutil.Process(pid)
        return None if process.status() == psutil.STATUS_ZOMBIE else float(process.create_time())
    except psutil.Error:
        return None


def alive(pid: int | None, since: float | None) -> bool:
    """Whether the process that was `pid` and started at `since` still runs."""
    return pid is not None and since is not None and started(pid) == since
