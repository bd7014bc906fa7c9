"""Which runs measured the same: everything that makes measurements differ, but for chance, as one key.

Left out is what decides how long was measured, not what: the stop rule, the label, the seed of generated inputs, and
whether layers were looked at afterwards. A field that a spec gains later counts, unless it is left out here.
"""

from __future__ import annotations

from typing import Any

import msgspec

from ovtui.analysis.comparison.confounders import MACHINE
from ovtui.records import Run

_LEFT_OUT = frozenset({"model", "stop", "seed", "profile", "batch", "shapes"})
_OF_SERVERS = frozenset({"rate", "queue"})
_CAME_TO = ("streams", "threads", "requests", "precision", "layouts", "execution_devices", "device_name", "properties")


def series_key(run: Run) -> bytes:
    """The same for runs of one spec of one file on one machine, whatever its software and the file's content became.

    Settings count as they were asked for: when another version of OpenVINO chooses other streams by itself, that is a
    change in the series, not another series. Batch and shapes are those measured with, since a file has its own.
    """
    return _encoded(_asked(run))


def measurement_key(run: Run) -> bytes:
    """The same for runs that differ by chance alone: the series, the file's content, what the device made of the
    settings, the machine and its software.
    """
    effective, environment = run.effective, run.environment
    came_to = None if effective is None else [getattr(effective, name) for name in _CAME_TO]
    machine = None if environment is None else [getattr(environment, name) for name, _ in MACHINE]
    return _encoded([_asked(run), run.model.sha256, came_to, machine])


def _asked(run: Run) -> list[Any]:
    spec, effective = run.spec, run.effective
    left_out = _LEFT_OUT if spec.mode == "server" else _LEFT_OUT | _OF_SERVERS
    asked = {name: getattr(spec, name) for name in spec.__struct_fields__ if name not in left_out}
    measured = (spec.batch, spec.shapes) if effective is None else (effective.batch, effective.shapes)
    return [run.model.path, None if run.environment is None else run.environment.host, asked, *measured]


def _encoded(parts: list[Any]) -> bytes:
    return msgspec.json.encode(parts, order="deterministic")
