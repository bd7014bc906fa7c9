"""What to do about what a run and its profile show: advice with its evidence, the expected gain, and how to try it."""

from __future__ import annotations

from collections.abc import Sequence

from ovtui.analysis.advice import hotspots, machine, settings
from ovtui.analysis.advice.case import Advice, Case
from ovtui.records import LIVE, Profile, Run, RunSummary

RULES = (*machine.RULES, *settings.RULES, *hotspots.RULES)

__all__ = ["RULES", "Advice", "advise"]


def advise(
    run: Run,
    profile: Profile | None,
    *,
    history: Sequence[RunSummary] = (),
    capabilities: Sequence[str] = (),
) -> list[Advice]:
    """The weightiest first; a rule that does not apply is silent.

    `history`: other runs, for what was tried already. `capabilities`: the device's own words for what it can do
    (OpenVINO's OPTIMIZATION_CAPABILITIES); advice that needs one is silent without them.
    """
    if run.status in LIVE:
        return []
    case = Case(run, profile, tuple(history), frozenset(capabilities))
    rules = (*machine.RULES, *settings.RULES) if case.blurred else RULES
    found = [advice for rule in rules if (advice := rule(case)) is not None]
    return sorted(found, key=lambda advice: -advice.weight)
