"""Where something was measured."""

from __future__ import annotations

from ovtui.records.base import Record


class Environment(Record, frozen=True):
    """The machine and the software as they were when the run was made."""

    host: str
    cpu: str
    cores: int  # that can be kept busy: those this process may use, or as many as its quota pays for
    physical_cores: int | None
    memory_mb: float
    os: str
    kernel: str
    python: str
    openvino: str
    ovtui: str
    governor: str | None
    frequency_mhz: float | None
    temperature_c: float | None
    load_1m: float | None
    virtual: str | None  # hypervisor, where the machine says so
    cpu_quota: float | None = None  # a container's, in cores' worth of time; None: all of the cores
    memory_limit_mb: float | None = None  # a container's; None: all of the memory

    @property
    def usable_cores(self) -> float:
        """How many cores' worth of time there is."""
        return self.cores if self.cpu_quota is None else min(float(self.cores), self.cpu_quota)
