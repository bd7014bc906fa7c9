"""A model to take along: its files, the settings that were best, and code that runs it so."""

from __future__ import annotations

from ovtui.report.bundle.packing import ENDINGS, pack
from ovtui.report.bundle.plan import Plan, plan

__all__ = ["ENDINGS", "Plan", "pack", "plan"]
