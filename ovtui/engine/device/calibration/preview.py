"""What data looks like before it is used: how many, in which ranges, of which classes, and the first image."""

from __future__ import annotations

from collections import Counter

import numpy as np

from ovtui.engine.device import preprocessing
from ovtui.engine.device.calibration import checks
from ovtui.engine.device.calibration.samples import Samples, open_samples
from ovtui.engine.device.element_types import Array
from ovtui.engine.messages import Previewed, Say
from ovtui.engine.tasks import PreviewTask
from ovtui.records import ChannelRange, Model, Preview, Recipe

_LOOKED_AT = 32
_COLUMNS, _ROWS = 32, 14
_RAMP = " .:-=+*#%@"
_MOST_CHANNELS = 16


def preview(task: PreviewTask, say: Say) -> None:
    """Look at the data and tell what it looks like."""
    say(Previewed(preview=looked_at(task.model, task.recipe, say)))


def looked_at(model: Model, recipe: Recipe, say: Say) -> Preview:
    """Of at most 32 samples; InputError when the data cannot be used at all."""
    samples = open_samples(model, recipe, limit=_LOOKED_AT, say=say)
    checker = checks.Checker(samples.source)
    seen: dict[str, list[Array]] = {port.name: [] for port in model.inputs}
    for index, name in enumerate(samples.names):
        values = samples[index]
        checker.look(name, values)
        for key, array in values.items():
            seen[key].append(as_seen(samples, key, array))
    known = Counter(label for label in samples.labels if label is not None)
    made = samples.preprocessing
    return Preview(
        samples=len(samples),
        skipped=samples.skipped,
        labelled=known.total(),
        classes=len(known) or None,
        ranges=tuple(
            found
            for port in model.inputs
            for found in ranges(port.name, seen[port.name], _channel_axis(samples, port.name, port.layout))
        ),
        thumbnail=thumbnail(samples[0][made.input], made.layout if not made.baked else "NHWC") if made else (),
        preprocessing=made,
        warnings=(*samples.notes, *checker.end()),
    )


def as_seen(samples: Samples, name: str, values: Array) -> Array:
    """The values as the network sees them, behind what is built in; resizing aside."""
    made = samples.preprocessing
    if made is None or not made.baked or made.input != name:
        return values
    return preprocessing.applied(made, values[0].astype(np.uint8))


def ranges(name: str, arrays: list[Array], axis: int | None) -> list[ChannelRange]:
    """Min, max and mean per channel; over all where there are no channels, or too many."""
    if not arrays or arrays[0].dtype.kind not in "iufb":
        return []
    count = arrays[0].shape[axis] if axis is not None else 0
    parts: list[int | None] = list(range(count)) if 0 < count <= _MOST_CHANNELS else [None]
    found = []
    for part in parts:
        taken = [array if part is None or axis is None else np.take(array, part, axis=axis) for array in arrays]
        values = [array.astype(np.float64) for array in taken]
        found.append(
            ChannelRange(
                input=name,
                channel=part,
                min=min(float(array.min()) for array in values),
                max=max(float(array.max()) for array in values),
                mean=float(np.mean([array.mean() for array in values])),
            )
        )
    return found


def thumbnail(values: Array, layout: str) -> tuple[str, ...]:
    """An image [1,H,W,C] or [1,C,H,W] in characters, which are twice as high as wide."""
    pixels = values[0].astype(np.float64)
    grey = pixels.mean(axis=layout.replace("N", "").index("C"))
    low, high = float(grey.min()), float(grey.max())
    scaled = (grey - low) / (high - low) if high > low else np.zeros_like(grey)
    height, width = scaled.shape
    rows = min(_ROWS, height)
    columns = min(_COLUMNS, max(1, round(2 * rows * width / height)))
    lines = []
    for line in np.array_split(scaled, rows, axis=0):
        cells = [float(cell.mean()) for cell in np.array_split(line, min(columns, width), axis=1)]
        lines.append("".join(_RAMP[min(len(_RAMP) - 1, int(cell * len(_RAMP)))] for cell in cells))
    return tuple(lines)


def _channel_axis(samples: Samples, name: str, layout: str | None) -> int | None:
    made = samples.preprocessing
    told = made.layout if made is not None and made.input == name else layout
    if told is not None and "C" in told and "." not in told:
        return told.index("C")
    shape = samples.shapes[name]
    return 1 if len(shape) == 4 and shape[1] in (1, 3) else None
