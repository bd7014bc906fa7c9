"""How pixels become what a model takes: stated once, shown, and built into the version.

The same in two ways: as operations of the model (OpenVINO's PrePostProcessor), and as numpy for a model without them.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from ovtui.engine.device.quiet import openvino
from ovtui.errors import InputError
from ovtui.records import Images, Port, Preprocessing, StaticShape
from ovtui.sanitize import plain

Pixels = npt.NDArray[np.uint8]

_CHANNELS = (1, 3)
_LARGEST, _SMALLEST = float(np.finfo(np.float32).max), float(np.finfo(np.float32).tiny)


def stated(
    port: Port, shape: StaticShape, layout: str | None, images: Images, pixels: tuple[int, int] | None, *, bake: bool
) -> Preprocessing:
    """What was asked for an image input of static `shape`, the rest guessed and named; InputError when it cannot be."""
    name = plain(port.name, 60)
    if len(shape) != 4:
        raise InputError(f"Input '{name}' {list(shape)} does not take images: it needs 4 dimensions.")
    known = layout is not None and len(layout) == 4 and set(layout) == set("NCHW")
    order = layout if known and layout is not None else ("NHWC" if shape[3] in _CHANNELS else "NCHW")
    count, height, width = (shape[order.index(axis)] for axis in "CHW")
    if count not in _CHANNELS:
        raise InputError(
            f"Input '{name}' {list(shape)} has {count} channels in layout {order}, images have 1 or 3: "
            "state the layout with --layout."
        )
    bytes_in = port.type == "u8"
    if pixels is not None and (bytes_in or not bake):
        raise InputError("--pixels is the size that a version resizes itself, which needs it to be built in.")
    guessed = [
        word
        for word, given in (
            ("layout", known),
            ("channels", images.channels is not None or count == 1),
            ("mean", images.mean is not None or bytes_in),
            ("scale", images.scale is not None or bytes_in),
        )
        if not given
    ]
    return Preprocessing(
        input=port.name,
        layout=order,
        size=(height, width),
        pixels=pixels or (height, width),
        channels=(images.channels or "rgb") if count > 1 else "rgb",
        mean=_per_channel(images.mean, count, "--mean", 0.0),
        scale=_divisors(_per_channel(images.scale, count, "--scale", 1.0 if bytes_in else 255.0)),
        guessed=tuple(guessed),
        baked=bake and not bytes_in,
    )


def in_words(made: Preprocessing) -> str:
    """`224×224 NCHW, rgb, mean 123.7,116.3,103.5, scale 255`."""
    height, width = made.size
    mean, scale = (_of_channels(values) for values in (made.mean, made.scale))
    return f"{height}×{width} {made.layout}, {made.channels}, mean {mean}, scale {scale}"


def guesses(made: Preprocessing) -> tuple[str, ...]:
    """A note on what nobody stated, if there is any."""
    if not made.guessed:
        return ()
    return (
        f"Guessed for the images: {', '.join(made.guessed)} ({in_words(made)}). "
        "State them with --layout, --channels, --mean, --scale.",
    )


def applied(made: Preprocessing, pixels: Pixels) -> npt.NDArray[np.float32]:
    """In numpy, for pixels [H,W,C] of the model's own size: with its batch dimension, as the model takes it."""
    values = pixels.astype(np.float32)
    if made.channels == "bgr":
        values = values[:, :, ::-1]
    mean, scale = (np.asarray(each, dtype=np.float32) for each in (made.mean, made.scale))
    values = (values - mean) / scale
    axes = ["HWC".index(axis) for axis in made.layout if axis != "N"]
    placed: npt.NDArray[np.float32] = np.expand_dims(values.transpose(axes), made.layout.index("N"))
    return np.ascontiguousarray(placed)


def prepared(model: Any, made: Preprocessing | None) -> Any:
    """An OpenVINO model that takes bytes [N,H,W,C], red first, and does the rest itself; as it was where none is baked.

    Its shapes are static by now.
    """
    if made is None or not made.baked:
        return model
    ov = openvino()
    preprocess = ov.preprocess
    steps = preprocess.PrePostProcessor(model)
    one = steps.input(_place(model, made.input))
    tensor = one.tensor()
    tensor.set_element_type(ov.Type.u8).set_layout(ov.Layout("NHWC"))
    todo = one.preprocess()
    todo.convert_element_type(ov.Type.f32)
    if made.pixels != made.size:
        tensor.set_spatial_static_shape(*made.pixels)
        todo.resize(preprocess.ResizeAlgorithm.RESIZE_LINEAR)
    if made.channels == "bgr":
        todo.reverse_channels()
    if any(made.mean):
        todo.mean(list(made.mean))
    if any(value != 1 for value in made.scale):
        todo.scale(list(made.scale))
    one.model().set_layout(ov.Layout(made.layout))
    return steps.build()


def _place(model: Any, name: str) -> int:
    for index, port in enumerate(model.inputs):
        if name in port.get_names() or port.get_node().get_friendly_name() == name:
            return index
    return 0


def _of_channels(values: tuple[float, ...]) -> str:
    """One number where it is the same for all."""
    return ",".join(f"{value:g}" for value in (values[:1] if len(set(values)) == 1 else values))


def _per_channel(given: tuple[float, ...] | None, channels: int, option: str, default: float) -> tuple[float, ...]:
    values = (default,) if given is None else given
    if len(values) not in (1, channels):
        raise InputError(f"{option} takes one number or {channels}, one for each channel, not {len(values)}.")
    # What overflows the floats that are computed with is no number either.
    if not all(abs(value) <= _LARGEST for value in values):
        raise InputError(f"{option} takes finite numbers.")
    return values * channels if len(values) == 1 else values


def _divisors(scale: tuple[float, ...]) -> tuple[float, ...]:
    if any(abs(value) < _SMALLEST for value in scale):
        raise InputError("--scale divides: it cannot be 0.")
    return scale
