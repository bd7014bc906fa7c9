"""What grows while a job works: the records of studies, told apart by their tag."""

from __future__ import annotations

from typing import TypeAlias

from ovtui.records.comparison import Comparison
from ovtui.records.exploration import Exploration
from ovtui.records.optimization import Optimization

Study: TypeAlias = Comparison | Exploration | Optimization
