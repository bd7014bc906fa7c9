"""The one place that imports OpenVINO's Python package, with its telemetry replaced by its own stub."""

from __future__ import annotations

import sys
from typing import Any


def openvino() -> Any:
    """The package. What measures on other people's devices does not phone home: the sender can't be imported."""
    sys.modules["openvino_telemetry"] = None  # type: ignore[assignment]
    import openvino as package

    return package
