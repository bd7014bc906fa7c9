"""The samples that calibrate a version and that it is judged on: arrays, images or noise, read when asked for."""

from __future__ import annotations

import dataclasses
import shlex
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import overload

import numpy as np

from ovtui.analysis.accuracy.judging import classes_of as class_output
from ovtui.analysis.shapes import Resolved, chosen_sizes, format_shape, resolve
from ovtui.engine.device import inputs as feed
from ovtui.engine.device import preprocessing
from ovtui.engine.device.calibration import labels
from ovtui.engine.device.element_types import Array, encode
from ovtui.engine.device.images import ImageFolder
from ovtui.engine.messages import Progress, Say
from ovtui.engine.pixels import FLOATS, looks_like_pixels
from ovtui.errors import InputError
from ovtui.records import Images, Model, Phase, Port, Preprocessing, Recipe, Spec, StaticShape
from ovtui.sanitize import plain

_NOISE = 10_000  # there is always more of it
_TOLD_EACH = 20  # images


@dataclass
class Samples(Sequence[dict[str, Array]]):
    """Each the values of all inputs of the model as it is prepared, with their batch dimension."""

    names: list[str]
    labels: labels.Labels
    values: list[Callable[[], dict[str, Array]]] = field(repr=False)
    shapes: dict[str, StaticShape]  # of the model's own inputs
    source: str  # in words
    preprocessing: Preprocessing | None = None
    skipped: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()

    def __len__(self) -> int:
        return len(self.values)

    @overload
    def __getitem__(self, index: int) -> dict[str, Array]: ...
    @overload
    def __getitem__(self, index: slice) -> list[dict[str, Array]]: ...
    def __getitem__(self, index: int | slice) -> dict[str, Array] | list[dict[str, Array]]:
        if isinstance(index, slice):
            return [values() for values in self.values[index]]
        return self.values[index]()


def open_samples(model: Model, recipe: Recipe, *, limit: int | None, say: Say) -> Samples:
    """As many samples of the recipe's data as `limit`, in an order that its seed gives; InputError with the reason.

    The first ones are the same for any limit, so that what calibrates is among what is judged.
    """
    if recipe.random:
        return _noise(model, recipe, limit)
    if not recipe.data:
        raise InputError("There is no data: give --data, or --random for noise.")
    sources = feed.open_data(recipe.data, model.inputs, recipe.images)
    missing = [port.name for port in model.inputs if port.name not in sources.paths]
    if missing:
        raise InputError(
            f"There is no data for input '{plain(missing[0], 60)}': --data '{plain(missing[0], 60)}=PATH'."
        )
    if sources.images:
        if len(model.inputs) > 1:
            raise InputError("A folder of images is for a model of one input: give the others and this as .npy files.")
        (folder,) = sources.images.values()
        return _of_images(folder, model, recipe, _for_pixels(model, recipe, None), limit, say)
    if _are_pixels(sources, model, recipe):
        (array,) = sources.arrays.values()
        return _of_arrays(sources, model, recipe, _for_pixels(model, recipe, array.shape), limit)
    if recipe.pixels is not None:
        raise InputError("--pixels is for images, and for uint8 pixels [samples,H,W,C] with --mean or --scale.")
    resolved = resolve(
        model.inputs,
        shapes=recipe.shapes,
        batch=None,
        layouts=recipe.layouts,
        data_shapes=sources.shapes(model.inputs, recipe.layouts),
    )
    found = _of_arrays(sources, model, recipe, resolved, limit)
    if recipe.images != Images():
        found.notes += (
            f"The values of {plain(found.source)} are taken as they are: what is stated of channels, mean and scale is "
            "for images, and for uint8 pixels [samples,H,W,C].",
        )
    return found


def classes_of(model: Model) -> int | None:
    """How many classes the model tells apart; None when no output is a list of scores."""
    place = class_output([port.shape for port in model.outputs])
    shape = None if place is None else model.outputs[place].shape
    return max((dim for dim in shape or () if isinstance(dim, int)), default=None)


def _for_pixels(model: Model, recipe: Recipe, pixels: StaticShape | None) -> Resolved:
    """The shape of a model that takes images one at a time; of the size of `pixels` [samples,H,W,C] if it takes any."""
    (port,) = model.inputs

    def found(batch: int | None, data_shapes: dict[str, StaticShape]) -> Resolved:
        return resolve(model.inputs, shapes=recipe.shapes, batch=batch, layouts=recipe.layouts, data_shapes=data_shapes)

    resolved = found(None, {})
    layout = resolved.layouts.get(port.name, "")
    if layout.startswith("?") and resolved.shapes[port.name][0] != 1:
        raise InputError(
            f"{plain(model.name, 60)} takes {resolved.shapes[port.name][0]} of something at a time: "
            f"if that is a batch of images, say so with --layout N{layout[1:]}."
        )
    sample: dict[str, StaticShape] = {}
    if pixels is not None and sorted(layout) == sorted("NCHW"):
        size = dict(zip("NHWC", (1, *pixels[1:]), strict=True))
        sample = {port.name: tuple(size[axis] for axis in layout)}
        resolved = found(None, sample)
    if resolved.batch == 1:
        return resolved
    told = f"{plain(model.name, 60)} takes {resolved.batch} images at a time"
    if recipe.shapes or not recipe.bake or port.type == "u8":  # nothing is built in that could change its shape
        axis = layout.index("N")
        shape = resolved.shapes[port.name]
        one = shlex.quote(format_shape(plain(port.name, 80), (*shape[:axis], 1, *shape[axis + 1 :])))
        raise InputError(f"{told}, but they are given to it one by one: make it so with --shape {one}.")
    single = found(1, sample)
    return dataclasses.replace(single, notes=(*single.notes, f"{told}; the version takes one."))


def _order(count: int, seed: int) -> list[int]:
    return [int(place) for place in np.random.default_rng(seed).permutation(count)]


def _noise(model: Model, recipe: Recipe, limit: int | None) -> Samples:
    resolved = resolve(model.inputs, shapes=recipe.shapes, batch=None, layouts=recipe.layouts, data_shapes={})
    count = min(limit or _NOISE, _NOISE)
    spec = Spec(model=model.id, seed=recipe.seed)
    fillings = {
        port.name: feed.filling(
            feed.Inputs(), port, resolved.shapes[port.name], resolved.layouts.get(port.name), spec, index, count
        )
        for index, port in enumerate(model.inputs)
    }

    def sample(row: int) -> Callable[[], dict[str, Array]]:
        return lambda: {name: filling.values(row) for name, filling in fillings.items()}

    return Samples(
        names=[f"noise {row}" for row in range(count)],
        labels=[None] * count,
        values=[sample(row) for row in range(count)],
        shapes=resolved.shapes,
        source="noise",
        notes=(
            "Calibrated on noise, as asked for: the speed is that of any calibration, the accuracy means nothing."
            if recipe.method == "int8"
            else "Held against its parent on noise, as asked for: that says little of accuracy.",
            *resolved.notes,
            *chosen_sizes(model.inputs, resolved),
        ),
    )


def _of_arrays(sources: feed.Inputs, model: Model, recipe: Recipe, resolved: Resolved, limit: int | None) -> Samples:
    ports = {port.name: port for port in model.inputs}
    empty = next((name for name, array in sources.arrays.items() if not array.size), None)
    if empty is not None:
        raise InputError(f"{plain(sources.paths[empty])} holds no samples.")
    pixels = _as_pixels(sources, model, recipe, resolved)
    found = {
        name: pixels[1] if pixels and pixels[0].input == name else feed.sampled(
            _floats_only(array, sources.paths[name], ports[name]),
            sources.paths[name],
            ports[name],
            resolved.shapes[name],
            resolved.layouts.get(name),
        )
        for name, array in sources.arrays.items()
    }  # fmt: skip
    counts = {name: each.number for name, each in found.items()}
    count = min(counts.values())
    if len(set(counts.values())) > 1:
        told = ", ".join(f"'{plain(name, 40)}' {number}" for name, number in counts.items())
        raise InputError(f"The inputs have different numbers of samples: {told}.")
    names = [str(row) for row in range(count)]
    classes = classes_of(model)
    told_labels: labels.Labels = [None] * count
    notes = [*resolved.notes, *chosen_sizes(model.inputs, resolved)]
    if recipe.labels is not None:
        told_labels = labels.from_file(Path(recipe.labels), names, classes)
        notes += _unlabelled(told_labels, recipe.labels, "samples")
    order = _order(count, recipe.seed)[:limit]

    def sample(row: int) -> Callable[[], dict[str, Array]]:
        return lambda: {name: each.values(row) for name, each in found.items()}

    return Samples(
        names=[f"row {row}" for row in order],
        labels=[told_labels[row] for row in order],
        values=[sample(row) for row in order],
        shapes=resolved.shapes,
        source=", ".join(sorted(set(sources.paths.values()))),
        preprocessing=pixels[0] if pixels else None,
        notes=tuple(notes),
    )


def _unlabelled(found: labels.Labels, path: str, what: str) -> list[str]:
    absent = sum(label is None for label in found)
    return [f"{absent} of the {len(found)} {what} have no label in {plain(path)}."] if absent else []


def _floats_only(array: Array, path: str, port: Port) -> Array:
    """Whole numbers for a floating input are pixels that nobody normalised: what NNCF takes without a word."""
    if port.type in FLOATS and array.dtype.kind in "iu":
        told = (
            f"{plain(path)} holds {array.dtype}, but input '{plain(port.name, 60)}' takes {port.type}, so it is to be "
            "normalised first: "
        )
        if looks_like_pixels(array.dtype, array.shape):
            raise InputError(
                f"{told}state --mean and --scale (--mean 0 --scale 1 if the model wants raw values), "
                "or save it as float32."
            )
        pixels = "; --mean and --scale are for uint8 pixels [samples,H,W,C]" if array.ndim == 4 else ""
        raise InputError(
            f"{told}save it as float32 (array.astype('float32') alone if the model wants raw values){pixels}."
        )
    return array


def _are_pixels(sources: feed.Inputs, model: Model, recipe: Recipe) -> bool:
    """Bytes [samples,H,W,C] for a floating image input, where somebody said how they are normalised."""
    if len(model.inputs) != 1 or (recipe.images.mean is None and recipe.images.scale is None):
        return False
    (port,) = model.inputs
    array = sources.arrays[port.name]
    return port.type in FLOATS and looks_like_pixels(array.dtype, array.shape)


def _as_pixels(
    sources: feed.Inputs, model: Model, recipe: Recipe, resolved: Resolved
) -> tuple[Preprocessing, feed.Sampled] | None:
    if not _are_pixels(sources, model, recipe):
        return None
    (port,) = model.inputs
    array = sources.arrays[port.name]
    made = preprocessing.stated(
        port, resolved.shapes[port.name], resolved.layouts.get(port.name), recipe.images,
        recipe.pixels or (int(array.shape[1]), int(array.shape[2])) if recipe.bake else None, bake=recipe.bake,
    )  # fmt: skip
    wanted = (*(made.pixels if made.baked else made.size), len(made.mean))
    if array.shape[1:] != wanted:
        raise InputError(
            f"{plain(sources.paths[port.name])} holds pixels {list(array.shape)}, "
            f"but {[len(array), *wanted]} are wanted."
        )

    def values(row: int) -> Array:
        return _given(made, port, np.array(array[row]))

    return made, feed.Sampled(len(array), values)


def _given(made: Preprocessing, port: Port, pixels: preprocessing.Pixels) -> Array:
    """Pixels [H,W,C] as the model takes them once it is prepared."""
    if made.baked:
        return pixels[np.newaxis]
    placed = preprocessing.applied(made, pixels)
    return np.clip(np.rint(placed), 0, 255).astype(np.uint8) if port.type == "u8" else encode(placed, port.type)


def _of_images(
    folder: ImageFolder, model: Model, recipe: Recipe, resolved: Resolved, limit: int | None, say: Say
) -> Samples:
    (port,) = model.inputs
    made = preprocessing.stated(
        port, resolved.shapes[port.name], resolved.layouts.get(port.name), recipe.images, recipe.pixels,
        bake=recipe.bake,
    )  # fmt: skip
    files, notes = folder.files, [*resolved.notes, *chosen_sizes(model.inputs, resolved)]
    classes = classes_of(model)
    names = [str(file.relative_to(folder.path)) for file in files]
    if recipe.labels is not None:
        told_labels = labels.from_file(Path(recipe.labels), names, classes)
        notes += _unlabelled(told_labels, recipe.labels, "images")
    else:
        told_labels, why = labels.by_folder(files, folder.path, classes)
        notes += [why] if why else []
    notes += preprocessing.guesses(made)
    height, width = made.pixels if made.baked else made.size
    count = len(made.mean)
    order = _order(len(files), recipe.seed)
    wanted = len(order) if limit is None else min(limit, len(order))
    good: list[int] = []
    skipped: list[str] = []
    for place in order:
        if len(good) >= wanted:
            break
        if folder.pixels(files[place], height, width, count) is None:
            skipped.append(names[place])
        else:
            good.append(place)
        if (len(good) + len(skipped)) % _TOLD_EACH == 0:
            say(Progress(phase=Phase(name="looking-at-the-images"), done=len(good), total=wanted))
    if not good:
        raise InputError(f"None of the {len(files)} images in {plain(folder.path)} can be read.")
    if skipped:
        notes.append(
            f"{len(skipped)} of the images cannot be read and are left out: "
            f"{', '.join(plain(name, 60) for name in skipped[:3])}{' and others' if len(skipped) > 3 else ''}."
        )

    def sample(place: int) -> Callable[[], dict[str, Array]]:
        def values() -> dict[str, Array]:
            pixels = folder.pixels(files[place], height, width, count)
            if pixels is None:
                raise InputError(f"{plain(files[place])} could be read before, and now it cannot.")
            return {port.name: _given(made, port, pixels)}

        return values

    return Samples(
        names=[names[place] for place in good],
        labels=[told_labels[place] for place in good],
        values=[sample(place) for place in good],
        shapes=resolved.shapes,
        source=str(folder.path),
        preprocessing=made,
        skipped=tuple(skipped),
        notes=tuple(notes),
    )
