"""What a model is fed with: seeded random values in sane ranges, arrays from files, or a folder of images.

Every request gets values of its own before the loop begins; nothing is copied while measuring.
"""

from __future__ import annotations

import re
import zipfile
import zlib
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

import numpy as np

from ovtui.engine.device.element_types import DTYPES, EXACT, FLOATS, KINDS, Array, encode, holder, span
from ovtui.engine.device.images import ImageFolder
from ovtui.errors import InputError, sentence
from ovtui.records import Data, Images, Port, Spec, StaticShape
from ovtui.sanitize import plain

UNREADABLE = (OSError, ValueError, EOFError, KeyError, RuntimeError, MemoryError, zipfile.BadZipFile, zlib.error)
"""What numpy and zipfile raise on files that are damaged, encrypted, or no arrays."""


@dataclass
class Inputs:
    """Where each input's values come from; made before the shapes are known, filled afterwards."""

    arrays: dict[str, Array] = field(default_factory=dict)
    images: dict[str, ImageFolder] = field(default_factory=dict)
    paths: dict[str, str] = field(default_factory=dict)

    def shapes(self, ports: tuple[Port, ...], layouts: dict[str, str]) -> dict[str, StaticShape]:
        """The shapes that array data asks for, one sample each: what makes a dynamic model static."""
        found: dict[str, StaticShape] = {}
        for port in ports:
            array = self.arrays.get(port.name)
            if array is None:
                continue
            rank = None if port.shape is None else len(port.shape)
            shape = array.shape
            if rank is not None and len(shape) == rank + 1:
                shape = shape[1:]
            elif rank is None or len(shape) == rank:
                axis = batch_axis(layouts.get(port.name) or port.layout, len(shape))
                if axis is not None and port.shape is not None and port.shape[axis] in ("?", 1):
                    shape = (*shape[:axis], 1, *shape[axis + 1 :])
            found[port.name] = tuple(int(n) for n in shape)
        return found


def batch_axis(layout: str | None, rank: int) -> int | None:
    """Where the batch is: the layout's N, else the first of several dimensions."""
    if layout is not None:
        axis = layout.find("N")
        if axis < 0 and layout.startswith("?") and rank > 1:
            return 0  # nothing says that it is no batch: samples may lie along it
        return axis if 0 <= axis < rank else None
    return 0 if rank > 1 else None


def open_data(sources: tuple[Data, ...], ports: tuple[Port, ...], images: Images) -> Inputs:
    """Open the files of `--data`; InputError for what cannot be read or matched with an input."""
    inputs = Inputs()
    for source in sources:
        path = Path(source.path)
        if path.is_dir():
            port = _port_for(source, ports, images=True)
            inputs.images[port.name] = ImageFolder(path, images)
            inputs.paths[port.name] = source.path
            continue
        for name, array in _arrays(path, source, ports).items():
            inputs.arrays[name] = array
            inputs.paths[name] = source.path
    return inputs


def _port_for(source: Data, ports: tuple[Port, ...], *, images: bool = False) -> Port:
    if source.input is not None:
        for port in ports:
            if port.name == source.input:
                return port
        names = ", ".join(f"'{plain(port.name, 60)}'" for port in ports)
        raise InputError(f"There is no input '{plain(source.input, 60)}' for {plain(source.path)}: there is {names}.")
    fitting = [port for port in ports if port.shape is not None and len(port.shape) == 4] if images else list(ports)
    if len(fitting) == 1:
        return fitting[0]
    if images and not fitting:
        raise InputError(f"No input takes images (four dimensions), so {plain(source.path)} cannot be used.")
    names = ", ".join(f"'{plain(port.name, 60)}'" for port in fitting)
    raise InputError(
        f"Which input is {plain(source.path)} for? Say --data INPUT={plain(source.path)}; there is {names}."
    )


def _arrays(path: Path, source: Data, ports: tuple[Port, ...]) -> dict[str, Array]:
    try:
        # Without pickles a file can hold nothing but numbers; mapped, a huge one costs nothing until it is read.
        with path.open("rb") as file:
            if file.read(6) == b"\x93NUMPY":
                return {_port_for(source, ports).name: np.load(path, mmap_mode="r", allow_pickle=False)}
            if not zipfile.is_zipfile(file):
                raise ValueError("it is no .npy and no .npz file")
            file.seek(0)
            with np.load(file, allow_pickle=False) as loaded:
                arrays = {name: loaded[name] for name in loaded.files}
        if not all(isinstance(array, np.ndarray) for array in arrays.values()):
            raise ValueError("it holds something other than arrays")
    except UNREADABLE as error:
        objects = isinstance(error, ValueError) and re.search(r"Object arrays|Python objects", str(error))
        why = "it holds Python objects, not numbers." if objects else sentence(error)
        raise InputError(f"Cannot read data from {plain(path)}: {plain(why, 200)}") from error
    by_name = {port.name: port for port in ports}
    if len(arrays) == 1 and (len(ports) == 1 or source.input):
        return {_port_for(source, ports).name: next(iter(arrays.values()))}
    positional = all(re.fullmatch(r"arr_\d+", name) for name in arrays)
    if positional and len(arrays) <= len(ports):
        return {port.name: arrays[f"arr_{i}"] for i, port in enumerate(ports) if f"arr_{i}" in arrays}
    for name in arrays:
        if name not in by_name:
            names = ", ".join(f"'{plain(port.name, 60)}'" for port in ports)
            raise InputError(f"{plain(path)} has an array '{plain(name, 60)}', but the inputs are {names}.")
    return arrays


@dataclass
class Filling:
    """One input's values for any request, and where they come from in words."""

    values: Callable[[int], Array]
    words: str
    notes: tuple[str, ...] = ()


def filling(
    inputs: Inputs, port: Port, shape: StaticShape, layout: str | None, spec: Spec, index: int, requests: int
) -> Filling:
    """How input number `index` is filled for each of `requests` requests."""
    if port.type not in KINDS:
        raise InputError(f"Input '{plain(port.name, 60)}' is of type {plain(port.type)}, which ovtui cannot fill.")
    if port.name in inputs.images:
        return _from_images(inputs.images[port.name], port, shape, layout, requests)
    if port.name in inputs.arrays:
        return _from_array(inputs.arrays[port.name], inputs.paths[port.name], port, shape, layout, requests)
    generated = _generated(port, shape, np.random.default_rng(0))

    def values(request: int) -> Array:
        drawn = _generated(port, shape, np.random.default_rng((spec.seed, index, request)))
        return encode(drawn.values, port.type)

    return Filling(values, f"{generated.words} (seed {spec.seed})" if generated.random else generated.words)


class _Generated(NamedTuple):
    values: Array
    words: str
    random: bool = True


def _generated(port: Port, shape: StaticShape, generator: np.random.Generator) -> _Generated:
    """Values that a model of the kind can take, guessed from type, name and what the input feeds."""
    kind, name = port.type, port.name.lower()
    if kind == "boolean":
        return _Generated(np.ones(shape, dtype=bool), "all true", random=False)
    if kind == "string":
        return _Generated(_texts(shape, generator), f"random text, {_WORDS} words each")
    if "mask" in name:
        return _Generated(np.ones(shape, dtype=holder(kind)), "ones (a mask, by its name)", random=False)
    if kind in FLOATS:
        if port.index_limit:  # numbers that are cast to indices
            limit = min(port.index_limit, EXACT.get(kind, 2))
            return _Generated(generator.integers(0, limit, shape).astype(np.float32), f"random ids 0–{limit - 1}")
        drawn = generator.standard_normal(shape, dtype=np.float32)
        if kind == "f8e8m0":
            return _Generated(np.abs(drawn), "random powers of two about 1")
        return _Generated(drawn, "random, standard normal")
    if port.orders_state:
        count = shape[-1] if shape else 1
        limit = min(port.index_limit or count, span(kind).most + 1, count) or 1
        order = np.broadcast_to(np.arange(count) % limit, shape)
        numbers = f"0–{limit - 1}" if limit > 1 else "0"
        return _Generated(order, f"{numbers}: each sample goes on with its own state", random=False)
    if "token_type" in name or "segment" in name:
        return _Generated(np.zeros(shape, dtype=np.int64), "zeros (segment ids, by its name)", random=False)
    limit = min(port.index_limit or 0, span(kind).most + 1)
    if "position" in name and shape and (limit or shape[-1] > 1):
        limit = limit or min(shape[-1], span(kind).most + 1)
        positions = np.broadcast_to(np.arange(shape[-1]) % limit, shape)
        return _Generated(positions, f"positions 0–{limit - 1}", random=False)
    if limit == 1:
        return _Generated(np.zeros(shape, dtype=np.int64), "zeros (nothing else fits)", random=False)
    if limit:
        return _Generated(generator.integers(0, limit, shape), f"random ids 0–{limit - 1}")
    if kind == "u8" and len(shape) >= 3:
        return _Generated(generator.integers(0, 256, shape, dtype=np.uint8), "random bytes 0–255")
    return _Generated(generator.integers(0, 2, shape), "random 0 or 1")


_WORDS = 8
_SYLLABLES = ("ba", "co", "di", "en", "fu", "gor", "lim", "mos", "nu", "par", "ter", "um")


def _texts(shape: StaticShape, generator: np.random.Generator) -> Array:
    """Texts of made-up words."""
    syllables = generator.choice(_SYLLABLES, (*shape, _WORDS, 3))
    count = int(np.prod(shape))
    rows = syllables.reshape(count, _WORDS, 3).tolist()
    return np.array([" ".join(map("".join, row)) for row in rows], dtype=str).reshape(shape)


class Sampled(NamedTuple):
    """The samples of an array, each as an input takes it."""

    number: int
    values: Callable[[int], Array]


def sampled(array: Array, path: str, port: Port, shape: StaticShape, layout: str | None) -> Sampled:
    """Samples along the batch dimension, or stacked; InputError for an array that does not fit."""
    name = plain(port.name, 60)
    axis = batch_axis(layout, len(shape))
    stacked = array.ndim == len(shape) + 1 and array.shape[1:] == shape
    batched = (
        array.ndim == len(shape)
        and axis is not None
        and array.shape[:axis] + array.shape[axis + 1 :] == shape[:axis] + shape[axis + 1 :]
        and (array.shape[axis] >= 1 or not shape[axis])
    )
    count = 1
    if stacked and array.shape[0]:
        count = array.shape[0]
    elif batched and axis is not None:
        count = max(1, array.shape[axis] // shape[axis]) if shape[axis] else 1
    elif array.shape != shape:
        raise InputError(
            f"{plain(path)} has shape {list(array.shape)}, which does not fit input '{name}' {list(shape)}: "
            f"give {list(shape)}, samples along its batch dimension, or [samples, …]."
        )

    def sample(k: int) -> Array:
        if array.shape == shape:
            return array
        if stacked or axis is None:
            return np.asarray(array[k])
        size, length = shape[axis], array.shape[axis]
        taken: Array = np.take(array, np.arange(k * size, (k + 1) * size) % length, axis=axis)
        return taken

    target = port.type
    dtype = holder(target)
    if array.dtype.kind == "S":
        array = _decoded(array, path)
    if (array.dtype.kind == "U") != (target == "string") or not np.can_cast(array.dtype, dtype, "same_kind"):
        raise InputError(
            f"{plain(path)} holds {array.dtype}, but input '{name}' takes {target}: "
            f"convert it with array.astype('{dtype}')."
        )
    if dtype.kind in "iu" and array.size and (array.dtype != dtype or target not in DTYPES):
        low, high = int(array.min()), int(array.max())
        if low < span(target).least or high > span(target).most:
            raise InputError(f"{plain(path)} holds values {low} to {high}, beyond input '{name}' of type {target}.")

    def values(k: int) -> Array:
        return encode(sample(k), target)

    return Sampled(count, values)


def _decoded(array: Array, path: str) -> Array:
    try:
        return np.char.decode(array.astype(np.bytes_), "utf-8")
    except UnicodeDecodeError as error:
        raise InputError(f"{plain(path)} holds texts that are not valid UTF-8.") from error


def _from_array(array: Array, path: str, port: Port, shape: StaticShape, layout: str | None, requests: int) -> Filling:
    count, values = sampled(array, path, port, shape, layout)
    notes: tuple[str, ...] = ()
    if count > requests:
        notes = (f"{plain(path)}: {requests} of {count} samples are used, one for each request.",)
    first = values(0)
    if first.dtype.kind == "f" and not np.isfinite(first).all():
        notes += (f"{plain(path)} holds values that are no finite numbers: real data may take another time.",)
    return Filling(lambda request: values(request % count), f"{plain(path)}", notes)


def _from_images(folder: ImageFolder, port: Port, shape: StaticShape, layout: str | None, requests: int) -> Filling:
    batch, words, notes = folder.prepare(port, shape, layout, requests)
    return Filling(
        lambda request: (
            encode(batch(request), port.type)
            if port.type != "u8"
            else np.clip(np.rint(batch(request)), 0, 255).astype(np.uint8)
        ),
        words,
        notes,
    )
