"""What a kernel's name tells of it."""

from __future__ import annotations

import re
from functools import lru_cache


@lru_cache(maxsize=4096)
def is_reference(kernel: str | None) -> bool:
    """Whether it was written to be right, not to be quick: `ref_any_f32`, `gemm:ref`, `softmax_gpu_ref`."""
    return kernel is not None and "ref" in re.split(r"[\W_]+", kernel.lower())
