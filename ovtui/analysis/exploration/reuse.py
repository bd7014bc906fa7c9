"""Whether an earlier run can stand for a setting, and if not, why."""

from __future__ import annotations

from ovtui import formatting
from ovtui.records import Effective, Environment, Model, Run, Setting, Spec, StaticShape
from ovtui.sanitize import plain

OLDEST_S = 30 * 86_400.0
WIDEST = 0.05
"""Half-width of the confidence interval over the mean, above which a throughput is not known well enough."""

_ALIKE = (
    ("device", "on another device"),
    ("api", "with another way of making requests"),
    ("precision", "with another precision"),
    ("properties", "with other properties"),
    ("data", "with other input data"),
    ("images", "with other image settings"),
    ("keep_state", "with its state kept in one and reset in the other"),
)
_MACHINE = (
    ("host", "on another machine"),
    ("cpu", "on another processor"),
    ("usable_cores", "with another number of usable cores"),
    ("openvino", "with another version of OpenVINO"),
    ("governor", "with another governor"),
)


def why_not(
    run: Run,
    setting: Setting,
    *,
    model: Model,
    spec: Spec,
    environment: Environment,
    now: float,
    known: Effective | None = None,
) -> str | None:
    """None if `run` can stand for `setting` of an exploration of `spec` on this machine; else the reason, a sentence.

    `known` is what the device made of another setting of the exploration, in mode manual: with it, shapes are compared
    as they were measured, and what the setting leaves to the device may also have been asked for by hand, if it is the
    same. Without it, shapes and layouts must have been asked for in the same way. `now` in seconds since 1970.
    """
    if run.status != "done" or run.result is None or run.effective is None or run.environment is None:
        return f"It was {run.status}." if run.status != "done" else "It has no result."
    if run.spec.mode == "server":
        return "It was measured with arrivals at random, not as fast as possible."
    if run.model.sha256 != model.sha256:
        return "It was measured with another file."
    for name, otherwise in _ALIKE:
        if getattr(run.spec, name) != getattr(spec, name):
            return f"It was measured {otherwise}."
    if not _same_shapes(run, spec, known):
        return "It was measured with other shapes."
    reason = _other_setting(run.effective, run.spec, setting, known)
    if reason is not None:
        return reason
    for name, otherwise in _MACHINE:
        there, here = getattr(run.environment, name), getattr(environment, name)
        if there != here:
            found, wanted = (plain("unknown" if value is None else value, 60) for value in (there, here))
            return f"It was measured {otherwise}: {found}, not {wanted}."
    doubt = run.result.throughput_fps.half_width
    if doubt is None or doubt > WIDEST:
        return f"Its throughput is only known to {formatting.half_width(run.result.throughput_fps)}; ±5 % is asked for."
    age = now - (run.finished or run.created)
    if age > OLDEST_S:
        return f"It is {age / 86_400:.0f} days old; at most 30 are taken."
    return None


def _other_setting(effective: Effective, asked: Spec, setting: Setting, known: Effective | None) -> str | None:
    """Which of the setting's values it was not measured with."""
    if effective.batch != setting.batch:
        return f"It was measured with batch {effective.batch}."
    streams = asked.streams if effective.streams is None else effective.streams
    if streams != setting.streams:
        return f"It was measured with {_counted(streams, 'stream')}."
    for name, noun in (("threads", "thread"), ("requests", "request")):
        wanted: int | None = getattr(setting, name)
        used: int | None = getattr(effective, name)
        if wanted is not None:
            if used != wanted:
                return f"It was measured with {_counted(used, noun)}."
            continue
        left_open = asked.mode == "manual" and getattr(asked, name) is None
        same = known is not None and known.streams == setting.streams and getattr(known, name) == used
        if not left_open and not same:
            return f"Its {noun}s were chosen in another way ({_counted(used, noun)}, mode {asked.mode})."
    return None


def _same_shapes(run: Run, spec: Spec, known: Effective | None) -> bool:
    assert run.effective is not None
    if known is None:
        return run.spec.shapes == spec.shapes and run.spec.layouts == spec.layouts
    return known.layouts == run.effective.layouts and _but_for_batch(known) == _but_for_batch(run.effective)


def _but_for_batch(effective: Effective) -> dict[str, StaticShape]:
    """The shapes, with 0 where the layout has the batch."""
    found = {}
    for name, dims in effective.shapes.items():
        place = effective.layouts.get(name, "").find("N")
        found[name] = tuple(0 if index == place else size for index, size in enumerate(dims))
    return found


def _counted(amount: int | None, noun: str) -> str:
    return f"an unknown number of {noun}s" if amount is None else formatting.plural(amount, noun)
