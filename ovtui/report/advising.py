"""What to do next about a run: advice from its layers and the usual next measurements, in one list."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from ovtui.analysis.advice import Advice, advise
from ovtui.analysis.verdict import suggestions
from ovtui.records import Profile, Run, RunSummary, Spec
from ovtui.report.command import run_command

_CAPABILITIES = {"i8": "INT8", "bf16": "BF16", "f16": "FP16", "f32": "FP32"}
_MOST = 6


class Next(NamedTuple):
    """A thing to do: measure `spec`, or type `ovtui command`, or only know it."""

    key: str
    short: str
    why: str
    spec: Spec | None = None
    command: str | None = None


def advice(run: Run, profile: Profile | None, history: Sequence[RunSummary] = ()) -> list[Advice]:
    """What `advise` says, with what the device was measured to be able to compute in."""
    known = profile.ceilings.gflops if profile and profile.ceilings else {}
    return advise(
        run, profile, history=history, capabilities=[_CAPABILITIES[name] for name in known if name in _CAPABILITIES]
    )


def what_next(run: Run, profile: Profile | None, history: Sequence[RunSummary] = ()) -> list[Next]:
    """Advice first, then measurements that are always worth making; nothing is said twice."""
    found = [
        Next(each.key, each.title, f"{each.evidence} {each.gain or ''}".rstrip(), each.spec, each.command)
        for each in advice(run, profile, history)
    ]
    specs = [each.spec for each in found]
    modes = {spec.mode for spec in specs if spec is not None}
    found += [
        Next("measure", each.short, each.why, each.spec)
        for each in suggestions(run)
        if each.spec not in specs and not (each.spec.mode != run.spec.mode and each.spec.mode in modes)
    ]
    return found[:_MOST]


def command_of(each: Advice | Next, name: str) -> str | None:
    """The line to type, if there is one. `name`: what the model is called on a command line."""
    if each.command is not None:
        return f"ovtui {each.command}"
    return run_command(name, each.spec) if each.spec is not None else None
