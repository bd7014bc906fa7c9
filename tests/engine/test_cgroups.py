"""What a container may use, read from trees of files as the kernel lays them out."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from ovtui.engine import cores, memory
from ovtui.engine.cgroups import Cgroups, Throttling

MiB = 1 << 20
NO_LIMIT = "9223372036854771712"  # how version 1 writes it

V2 = "35 24 0:30 / /sys/fs/cgroup rw,nosuid - cgroup2 cgroup2 rw,nsdelegate"
V1_CPU = "33 31 0:29 / /sys/fs/cgroup/cpu,cpuacct rw - cgroup cgroup rw,cpu,cpuacct"
V1_MEMORY = "34 31 0:32 / /sys/fs/cgroup/memory rw - cgroup cgroup rw,memory"
DISK = "22 1 8:1 / / rw,relatime - ext4 /dev/sda1 rw"

Tree = Callable[..., Cgroups]


@pytest.fixture
def tree(tmp_path: Path) -> Tree:
    """`tree(groups, mounts, {file: content})`: the lines of /proc/self/cgroup and mountinfo, and files below /."""

    def lay(groups: list[str], mounts: list[str], files: dict[str, str]) -> Cgroups:
        (tmp_path / "proc").mkdir()
        (tmp_path / "proc/cgroup").write_text("\n".join(groups) + "\n")
        (tmp_path / "proc/mountinfo").write_text("\n".join([DISK, *mounts]) + "\n")
        for name, content in files.items():
            file = tmp_path / name.lstrip("/")
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(content + "\n")
        return Cgroups(tmp_path / "proc", tmp_path)

    return lay


def test_version_2_tells_the_quota_the_memory_and_the_stops(tree: Tree) -> None:
    groups = tree(
        ["0::/app"],
        [V2],
        {
            "/sys/fs/cgroup/app/cpu.max": "50000 100000",
            "/sys/fs/cgroup/app/cpu.stat": "usage_usec 9\nnr_periods 40\nnr_throttled 38\nthrottled_usec 1500000",
            "/sys/fs/cgroup/app/memory.max": str(400 * MiB),
            "/sys/fs/cgroup/app/memory.current": str(300 * MiB),
            "/sys/fs/cgroup/app/memory.stat": f"anon {150 * MiB}\ninactive_file {100 * MiB}\nactive_file 5",
        },
    )
    assert groups.cpu_quota() == 0.5
    assert groups.memory_limit() == 400 * MiB
    assert groups.memory_left() == 200 * MiB  # files that nobody used lately make room
    assert groups.throttling() == Throttling(periods=40, stopped=38, seconds=1.5)


def test_version_1_tells_the_same(tree: Tree) -> None:
    groups = tree(
        ["5:cpu,cpuacct:/app", "4:memory:/app", "1:name=systemd:/app"],
        [V1_CPU, V1_MEMORY],
        {
            "/sys/fs/cgroup/cpu,cpuacct/app/cpu.cfs_quota_us": "150000",
            "/sys/fs/cgroup/cpu,cpuacct/app/cpu.cfs_period_us": "100000",
            "/sys/fs/cgroup/cpu,cpuacct/app/cpu.stat": "nr_periods 40\nnr_throttled 38\nthrottled_time 1500000000",
            "/sys/fs/cgroup/memory/app/memory.limit_in_bytes": str(400 * MiB),
            "/sys/fs/cgroup/memory/app/memory.usage_in_bytes": str(300 * MiB),
            "/sys/fs/cgroup/memory/app/memory.stat": f"inactive_file 1\ntotal_inactive_file {100 * MiB}",
        },
    )
    assert groups.cpu_quota() == 1.5
    assert groups.memory_limit() == 400 * MiB
    assert groups.memory_left() == 200 * MiB
    assert groups.throttling() == Throttling(periods=40, stopped=38, seconds=1.5)


def test_the_tightest_limit_of_the_groups_above_counts(tree: Tree) -> None:
    """Pods and slices limit from above; a group's own files know nothing of it."""
    top = "/sys/fs/cgroup"
    groups = tree(
        ["0::/slice/pod/app"],
        [V2],
        {
            f"{top}/slice/cpu.max": "400000 100000",
            f"{top}/slice/memory.max": str(900 * MiB),
            f"{top}/slice/memory.current": str(850 * MiB),  # others in the slice take most of it
            f"{top}/slice/pod/cpu.max": "50000 200000",
            f"{top}/slice/pod/cpu.stat": "nr_periods 10\nnr_throttled 9\nthrottled_usec 70000",
            f"{top}/slice/pod/memory.max": str(500 * MiB),
            f"{top}/slice/pod/memory.current": str(100 * MiB),
            f"{top}/slice/pod/app/cpu.max": "max 100000",
            f"{top}/slice/pod/app/cpu.stat": "nr_periods 0\nnr_throttled 0\nthrottled_usec 0",
            f"{top}/slice/pod/app/memory.max": "max",
        },
    )
    assert groups.cpu_quota() == 0.25
    assert groups.memory_limit() == 500 * MiB
    assert groups.memory_left() == 50 * MiB
    assert groups.throttling() == Throttling(periods=10, stopped=9, seconds=0.07)


def test_where_both_versions_are_there_each_tells_what_it_holds(tree: Tree) -> None:
    groups = tree(
        ["5:cpu,cpuacct:/app", "4:memory:/", "0::/app"],
        [V1_CPU, V1_MEMORY, V2.replace("/sys/fs/cgroup", "/sys/fs/cgroup/unified")],
        {
            "/sys/fs/cgroup/cpu,cpuacct/app/cpu.cfs_quota_us": "100000",
            "/sys/fs/cgroup/cpu,cpuacct/app/cpu.cfs_period_us": "100000",
            "/sys/fs/cgroup/memory/memory.limit_in_bytes": NO_LIMIT,
            "/sys/fs/cgroup/unified/app/memory.max": str(400 * MiB),
        },
    )
    assert groups.cpu_quota() == 1
    assert groups.memory_limit() == 400 * MiB


@pytest.mark.parametrize("group", ["/docker/0123", "/../../elsewhere", "/"])
def test_a_container_that_is_told_the_path_on_the_host_reads_its_own_mount(tree: Tree, group: str) -> None:
    groups = tree(
        [f"5:cpu,cpuacct:{group}"],
        [V1_CPU.replace(" / /sys", " /docker/0123 /sys")],
        {
            "/sys/fs/cgroup/cpu,cpuacct/cpu.cfs_quota_us": "50000",
            "/sys/fs/cgroup/cpu,cpuacct/cpu.cfs_period_us": "100000",
        },
    )
    assert groups.cpu_quota() == 0.5


def test_a_group_that_cannot_be_seen_leaves_those_above_it(tree: Tree) -> None:
    groups = tree(["0::/gone/app"], [V2], {"/sys/fs/cgroup/cpu.max": "50000 100000"})
    assert groups.cpu_quota() == 0.5


def test_a_mount_point_with_a_space_is_found(tree: Tree) -> None:
    groups = tree(["0::/"], [V2.replace("/sys/fs/cgroup", r"/my\040groups")], {"/my groups/cpu.max": "50000 100000"})
    assert groups.cpu_quota() == 0.5


@pytest.mark.parametrize(
    ("groups", "mounts", "files"),
    [
        ([], [], {}),
        (["0::/"], [V2], {}),
        (["0::/app"], [V2], {"/sys/fs/cgroup/app/cpu.max": "max 100000", "/sys/fs/cgroup/app/memory.max": "max"}),
        (["0::/app"], [V2], {"/sys/fs/cgroup/app/cpu.max": "", "/sys/fs/cgroup/app/memory.max": "nonsense"}),
        (
            ["5:cpu,cpuacct:/app", "4:memory:/app"],
            [V1_CPU, V1_MEMORY],
            {
                "/sys/fs/cgroup/cpu,cpuacct/app/cpu.cfs_quota_us": "-1",
                "/sys/fs/cgroup/cpu,cpuacct/app/cpu.cfs_period_us": "100000",
                "/sys/fs/cgroup/memory/app/memory.limit_in_bytes": NO_LIMIT,
            },
        ),
        (["nonsense"], ["nonsense - cgroup2"], {}),
    ],
)
def test_what_says_no_limit_is_none(tree: Tree, groups: list[str], mounts: list[str], files: dict[str, str]) -> None:
    found = tree(groups, mounts, files)
    told = found.cpu_quota(), found.memory_limit(), found.memory_left(), found.throttling()
    assert told == (None, None, None, None)


def test_a_machine_without_proc_has_no_limits(tmp_path: Path) -> None:
    assert Cgroups(tmp_path / "none", tmp_path).cpu_quota() is None


@pytest.mark.parametrize(
    ("quota", "busy", "left"),
    [(0.5, 1, 0.5), (1.0, 1, 1.0), (1.5, 2, 1.5), (3.0, 3, 3.0), (8.0, 4, None), (None, 4, None)],
)
def test_cores_are_those_of_the_affinity_or_what_the_quota_pays_for(
    monkeypatch: pytest.MonkeyPatch, quota: float | None, busy: int, left: float | None
) -> None:
    monkeypatch.setattr(cores.os, "sched_getaffinity", lambda process: {4, 5, 6, 7})
    monkeypatch.setattr(Cgroups, "cpu_quota", lambda self: quota)
    assert (cores.cores(), cores.cpu_quota()) == (busy, left)


def test_memory_is_what_the_machine_has_or_what_a_limit_leaves(monkeypatch: pytest.MonkeyPatch) -> None:
    free = memory.available()
    monkeypatch.setattr(Cgroups, "memory_left", lambda self: 50 * MiB)
    monkeypatch.setattr(Cgroups, "memory_limit", lambda self: 400 * MiB)
    assert (memory.available(), memory.limit()) == (50 * MiB, 400 * MiB)
    monkeypatch.setattr(Cgroups, "memory_left", lambda self: 1 << 50)
    monkeypatch.setattr(Cgroups, "memory_limit", lambda self: 1 << 50)
    assert memory.available() > min(free, 1 << 30) / 2
    assert memory.limit() is None
