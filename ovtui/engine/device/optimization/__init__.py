"""A version made of a model, and held against it."""

from __future__ import annotations

from ovtui.engine.device.optimization.judging import judge
from ovtui.engine.device.optimization.making import optimize

__all__ = ["judge", "optimize"]
