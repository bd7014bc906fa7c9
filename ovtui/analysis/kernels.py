"""What a kernel's name tells of it."""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import lru_cache

from ovtui.analysis.roofline import Roof
from ovtui.records import Layer


@lru_cache(maxsize=4096)
def is_reference(kernel: str | None) -> bool:
    """Whether it was written to be right, not to be quick: `ref_any_f32`, `gemm:ref`, `softmax_gpu_ref`."""
    return kernel is not None and "ref" in re.split(r"[\W_]+", kernel.lower())


_EFFICIENT = 0.5


def slow_paths(layers: Sequence[Layer], roofs: Sequence[Roof]) -> list[int]:
    """Places of the layers that run in a reference kernel and lose time by it.

    What is called a reference may be as quick as memory is, as a Concat that only copies.
    """
    return [
        place
        for place, (layer, roof) in enumerate(zip(layers, roofs, strict=True))
        if layer.time_us and is_reference(layer.kernel) and (roof.efficiency or 0.0) < _EFFICIENT
    ]
