"""What is told of a machine."""

from __future__ import annotations

import msgspec

from ovtui.report.summary import environment_fields
from tests.store.samples import an_environment


def test_a_container_is_told_with_what_it_may_use_and_what_the_machine_has() -> None:
    machine = msgspec.structs.replace(an_environment(), cores=16, physical_cores=8, memory_mb=32_000.0)
    whole = dict(environment_fields(machine))
    assert (whole["cores"], whole["memory"]) == ("16 usable, 8 physical", "33.6 GB")
    limited = msgspec.structs.replace(machine, cores=3, cpu_quota=2.5, memory_limit_mb=400.0)
    told = dict(environment_fields(limited))
    assert told["cores"] == "2.5 usable (CPU quota of the container), 8 physical"
    assert told["memory"] == "419.4 MB (limit of the container), the machine has 33.6 GB"
