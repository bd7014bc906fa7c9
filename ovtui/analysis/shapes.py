"""Static shapes for a model's inputs: from what the user fixed, what data brings, and sensible choices that are said.

A layout names dimensions: "NCHW", "N...", "?C". What is guessed about it only decides which dimension is the batch
and what size a dynamic dimension gets; values are never rearranged by it.
"""

from __future__ import annotations

import difflib
import re
import shlex
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from math import prod
from typing import TypeAlias, TypeVar

from ovtui.errors import InputError
from ovtui.records import Dim, Port, StaticShape
from ovtui.sanitize import plain

LARGEST = 1 << 40
"""Elements of an input; more is a mistake on any machine."""

_IMAGE, _FRAMES, _VIDEO, _SEQUENCE, _OTHER = 224, 16, 112, 128, 16  # sizes for dynamic dimensions
_CHANNELS = (1, 3, 4)
_TOKENS = re.compile(r"ids|mask|token|position|segment", re.IGNORECASE)
_BATCH = re.compile(r"^(b|bs|n)$|batch", re.IGNORECASE)  # what files call a batch, and what they call something else
_NO_BATCH = re.compile(r"^[tslhwc]$|seq|len|time|frame|token|height|width|channel|feature", re.IGNORECASE)
_BY_SYMBOL = (
    (re.compile(r"^[hw]$|height|width", re.IGNORECASE), _IMAGE),
    (re.compile(r"^c$|channel", re.IGNORECASE), 3),
    (re.compile(r"^[tsl]$|seq|len|time|frame|token", re.IGNORECASE), _SEQUENCE),
)

_Value = TypeVar("_Value")


@dataclass(frozen=True)
class Resolved:
    """What to measure with."""

    shapes: dict[str, StaticShape]
    layouts: dict[str, str]  # of inputs that have one, stated or guessed
    batch: int
    changed: bool  # whether the model must be reshaped
    notes: tuple[str, ...]  # what was made of layout and batch, in sentences
    guessed: frozenset[str] = frozenset()  # inputs whose layout is a guess
    choices: tuple[tuple[tuple[str, int], ...], ...] = ()  # sizes that nobody told: their dimensions, (input, place)
    searched: bool = False  # whether these were found by trying
    told: frozenset[str] = frozenset()  # inputs whose whole shape the user fixed


@dataclass
class _Input:
    """One input while its shape is being found."""

    port: Port
    shape: tuple[Dim, ...]
    fixed: StaticShape | None  # by the user
    sample: StaticShape | None  # of data
    stated: StaticShape | None  # at the import; all but the batch of it gives way to the two above
    fitting: StaticShape | None  # found there by trying; gives way to all others
    layout: str | None
    guessed: bool

    @property
    def axis(self) -> int | None:
        """The batch dimension."""
        return None if self.layout is None else _place(self.layout, "N", len(self.shape))

    def symbol(self, i: int) -> str | None:
        """What the file calls a dimension that it leaves open."""
        return self.port.symbols[i] if len(self.port.symbols) == len(self.shape) else None

    @property
    def free(self) -> list[int]:
        """The dimensions that need a size, beside the batch."""
        return [i for i, dim in enumerate(self.shape) if not isinstance(dim, int) and i != self.axis]

    @property
    def sequence(self) -> bool:
        """Whether its free dimensions are the length of a text or a signal."""
        rank = len(self.shape)
        tokens = not self.port.type.startswith(("f", "bf")) or _TOKENS.search(self.port.name) is not None
        return (rank == 2 and tokens) or (rank == 3 and self.shape[0] != 3)


def resolve(
    inputs: tuple[Port, ...],
    *,
    shapes: Mapping[str, StaticShape],
    batch: int | None,
    layouts: Mapping[str, str],
    data_shapes: Mapping[str, StaticShape],
) -> Resolved:
    """A static shape for every input, each dimension inside its range (but a static batch may be changed).

    `shapes` and `layouts` are what the user asks for, by input; the key "" or "*" means the only input. `data_shapes`:
    one sample of the data for an input; its sizes are used where they fit (whoever loads data that does not fit
    refuses it). What was stated at the import comes after both. A result given back as `shapes` and `batch` resolves
    to itself.

    InputError: an unknown input, a shape or batch that the model does not allow, or a shape that cannot be guessed.
    """
    if batch is not None and not 1 <= batch <= LARGEST:
        raise InputError(f"A batch of {batch} is not possible; give 1 or more.")
    fixed, told = by_name(inputs, shapes, "--shape"), by_name(inputs, layouts, "--layout")
    found = [_input(port, fixed.get(port.name), data_shapes.get(port.name), told.get(port.name)) for port in inputs]
    notes: list[str] = []
    size = _batch(batch, found, notes)
    sizes = {key: _size(key, members, found, size) for key, members in _groups(found).items()}
    results = {item.port.name: _static(item, size, sizes) for item in found}
    if batch is not None and batch > 1:
        notes += [
            f"The layout of input {_quoted(item.port.name)} is not stated and was taken as {item.layout}; "
            "if its batch is another dimension, say so with --layout."
            for item in found
            if item.guessed and item.axis is not None
        ]
    batched = any(item.axis is not None for item in found)
    if not batched:
        notes += [_no_batch(item) for item in found if _could_be_batch(item)][:1]
    return Resolved(
        shapes=results,
        layouts={item.port.name: item.layout for item in found if item.layout is not None},
        batch=max(size, 1) if batched else 1,  # an empty batch is one inference all the same
        changed=any(results[port.name] != port.shape for port in inputs),
        notes=tuple(notes),
        guessed=frozenset(item.port.name for item in found if item.guessed),
        choices=tuple(size.members for size in sizes.values() if size.chosen),
        told=frozenset(item.port.name for item in found if item.fixed is not None),
    )


def chosen_sizes(inputs: tuple[Port, ...], resolved: Resolved) -> tuple[str, ...]:
    """A sentence for each input with sizes that nobody told, with the option that tells them."""
    names = dict.fromkeys(name for members in resolved.choices for name, _ in members)
    shapes = {port.name: port.shape for port in inputs}
    return tuple(
        f"Input {_quoted(name)} is dynamic {format_shape('', shapes[name] or ())}; "
        f"measured as {format_shape('', resolved.shapes[name])}: fix it with --shape "
        f"{shlex.quote(format_shape(plain(name, 80), resolved.shapes[name]))}."
        for name in names
    )


def no_sizes(inputs: tuple[Port, ...], resolved: Resolved) -> str:
    """What to say when the model takes none of the sizes that were tried for what it leaves open."""
    names = dict.fromkeys(name for members in resolved.choices for name, _ in members)
    shapes = {port.name: port.shape for port in inputs}
    listed = ", ".join(f"{_quoted(name)} {format_shape('', shapes[name] or ())}" for name in names)
    return f"No usual size fits what the model leaves open in {listed}: give the shapes with --shape."


# Text


def parse_shape(text: str) -> tuple[str, StaticShape]:
    """`'input[1,3,224,224]'` as ("input", (1, 3, 224, 224)); `'[1,3]'` has the name "". Names may hold brackets."""
    name, bracket, inside = text.rstrip().rpartition("[")
    if not bracket or not inside.endswith("]"):
        raise InputError(f"--shape {_quoted(text)} is not a shape; write it like 'input[1,3,224,224]'.")
    parts = [part.strip() for part in inside[:-1].split(",")] if inside[:-1].strip() else []
    for part in parts:
        if not re.fullmatch(r"[0-9]{1,15}", part):
            raise InputError(f"In --shape {_quoted(text)}, {_quoted(part)} is not a whole number.")
    shape = tuple(int(part) for part in parts)
    _not_huge(name, shape)
    return name, shape


def parse_layout(text: str) -> tuple[str, str]:
    """`'x[NCHW]'` as ("x", "NCHW"); `'NCHW'` and `'[N,C,H,W]'` have the name ""."""
    name, bracket, inside = text.rstrip().rpartition("[")
    if bracket and inside.endswith("]"):
        return name, _layout(inside[:-1])
    return "", _layout(text)


def format_shape(name: str, shape: Sequence[Dim]) -> str:
    """`input[1,3,?,?]`: what `parse_shape` reads, if it is static."""
    return f"{name}[{','.join(map(str, shape))}]"


def bounds(dim: Dim) -> tuple[int, int | None]:
    """The smallest and the largest size a dimension may have; None: no largest."""
    if isinstance(dim, int):
        return dim, dim
    if dim == "?":
        return 1, None
    low, _, high = dim.partition("..")
    return max(1, int(low or 1)), int(high) if high else None


def _layout(text: str) -> str:
    layout = re.sub(r"[\s,]", "", text).upper()
    letters = layout.replace("...", "", 1)
    named = letters.replace("?", "")
    if not layout or not re.fullmatch(r"[A-Z?]*", letters) or len(set(named)) != len(named):
        raise InputError(
            f"--layout {_quoted(text)} is not a layout; give each dimension a letter of its own, as in NCHW or N..."
        )
    return layout


# One input


def by_name(inputs: tuple[Port, ...], values: Mapping[str, _Value], option: str) -> dict[str, _Value]:
    """What was said of inputs, each by its own name; InputError for one that there is not."""
    names = [port.name for port in inputs]
    result: dict[str, _Value] = {}
    for key, value in values.items():
        if key in names:
            result[key] = value
        elif key not in {"", "*"}:
            close = difflib.get_close_matches(key[:200], [name[:200] for name in names], 1)
            hint = f"did you mean {_quoted(close[0])}?" if close else f"there is {_listed(names)}."
            raise InputError(f"{option}: the model has no input {_quoted(key)}; {hint}")
        elif len(names) == 1:
            result[names[0]] = value
        else:
            raise InputError(f"{option}: say for which input, there is {_listed(names)}.")
    return result


def _input(port: Port, fixed: StaticShape | None, sample: StaticShape | None, told: str | None) -> _Input:
    shape = port.shape
    if shape is None:
        known = next((each for each in (fixed, sample, port.stated) if each is not None), None)
        if known is None:
            example = shlex.quote(f"{plain(port.name, 80)}[1,3,224,224]")
            raise InputError(
                f"The model does not say how many dimensions input {_quoted(port.name)} has; "
                f"give its shape, as in --shape {example}."
            )
        shape = ("?",) * len(known)
    if told is not None:
        layout: str | None = _layout(told)
        if not _fits(layout or "", len(shape)):
            raise InputError(
                f"Layout {layout} does not fit input {_quoted(port.name)}, which has {len(shape)} dimensions."
            )
    else:
        layout = port.layout if port.layout is not None and _fits(port.layout, len(shape)) else None
    guessed = layout is None
    if guessed:
        layout = _guess(shape, port.symbols, tokens=_TOKENS.search(port.name) is not None)
    item = _Input(
        port=port,
        shape=shape,
        fixed=fixed,
        sample=sample,
        stated=_of_rank(port.stated, shape),
        fitting=_of_rank(port.fitting, shape),
        layout=layout,
        guessed=guessed and layout is not None,
    )
    if fixed is not None:
        _allowed(item, fixed)
    if sample is not None and not _usable(item, sample):
        item.sample = None
    return item


def _of_rank(known: StaticShape | None, shape: tuple[Dim, ...]) -> StaticShape | None:
    return known if known is not None and len(known) == len(shape) else None


def _allowed(item: _Input, fixed: StaticShape) -> None:
    """InputError unless the model can take the shape that the user fixed."""
    # Another size than the one a model was saved with is what reshaping is for: OpenVINO knows whether it can.
    if len(fixed) != len(item.shape) or not all(
        size >= 0 if isinstance(dim, int) else _possible(size, dim) for size, dim in zip(fixed, item.shape, strict=True)
    ):
        raise InputError(
            f"Input {_quoted(item.port.name)} cannot have shape {format_shape('', fixed)}: "
            f"the model allows {format_shape('', item.shape)}."
        )
    _not_huge(item.port.name, fixed)


def _usable(item: _Input, sample: StaticShape) -> bool:
    return len(sample) == len(item.shape) and all(
        _possible(size, dim) for i, (size, dim) in enumerate(zip(sample, item.shape, strict=True)) if i != item.axis
    )


def _fits(layout: str, rank: int) -> bool:
    letters = len(layout.replace("...", ""))
    return letters <= rank if "..." in layout else letters == rank


def _place(layout: str, letter: str, rank: int) -> int | None:
    """Where a layout has `letter`, counted from the front."""
    front, _, back = layout.partition("...")
    if letter in front:
        return front.index(letter)
    return rank - len(back) + back.index(letter) if letter in back else None


def _guess(shape: tuple[Dim, ...], symbols: tuple[str | None, ...], *, tokens: bool) -> str | None:
    """A layout for what states none. A dimension is taken as the batch only if it is 1 or open, or called so."""
    if len(symbols) != len(shape):
        symbols = (None,) * len(shape)
    called = [i for i, symbol in enumerate(symbols) if symbol is not None and _BATCH.search(symbol)]
    if called and called[0] > 0:
        return "?" * called[0] + "N" + "?" * (len(shape) - called[0] - 1)
    first = "?"
    if shape and (shape[0] == 1 or not isinstance(shape[0], int)):
        first = "?" if not called and symbols[0] is not None and _NO_BATCH.search(symbols[0]) else "N"
    if len(shape) == 4 and not tokens:
        if shape[1] in _CHANNELS:
            return f"{first}CHW"
        if shape[3] in _CHANNELS:
            return f"{first}HWC"
    if first == "?":
        return None
    return "NC" if len(shape) == 2 else "N..."


# The batch


def _batch(asked: int | None, inputs: list[_Input], notes: list[str]) -> int:
    """The batch of all inputs that have one. Guesses that contradict the others are taken back (`layout = None`)."""
    batched = [item for item in inputs if item.axis is not None]
    if not batched:
        if asked is not None and asked > 1:
            raise InputError(_which_batch(inputs))
        return 1
    _take_back_guesses(batched)
    batched = [item for item in batched if item.axis is not None]
    size = asked if asked is not None else _usual_batch(batched)
    wrong = [item for item in batched if not _takes(item, size, asked)]
    for item in wrong:
        if not item.guessed or len(wrong) == len(batched) or (asked is not None and item.fixed is None):
            raise _contradiction(item, size, asked)
        if not isinstance(_dim(item), int):
            notes.append(f"Dimension 1 of input {_quoted(item.port.name)} was not taken as the batch, which is {size}.")
        item.layout, item.guessed = None, False
    return size


def _could_be_batch(item: _Input) -> bool:
    """Whether the first of several dimensions may be a batch that the file does not state."""
    return len(item.shape) > 1 and (item.layout is None or item.layout.startswith("?"))


def _with_batch(item: _Input) -> str:
    """The option that makes the first dimension the batch."""
    layout = "N" + item.layout[1:] if item.layout is not None and "?" not in item.layout[1:] else "N..."
    return "--layout " + shlex.quote(f"{plain(item.port.name, 80)}[{layout}]")


def _which_batch(inputs: list[_Input]) -> str:
    could = next((item for item in inputs if _could_be_batch(item)), None)
    if could is None:
        return "The model has no batch dimension: give --layout, as in --layout 'NCHW', if it has one."
    return f"The model states no batch dimension: say which it is with --layout, as in {_with_batch(could)}."


def _no_batch(item: _Input) -> str:
    return (
        f"Input {_quoted(item.port.name)} {format_shape('', item.shape)} states no batch dimension: an inference "
        f"counts as one frame. If it has a batch, say which dimension it is with --layout, as in {_with_batch(item)}."
    )


def _dim(item: _Input) -> Dim:
    return item.shape[item.axis or 0]


def _take_back_guesses(batched: list[_Input]) -> None:
    """A dimension that is static and unlike the other inputs' batch is something else, as in boxes [100, 4]."""
    told = [dim for item in batched if not item.guessed and isinstance(dim := _dim(item), int)]
    dims = [_dim(item) for item in batched]
    if told:
        usual = told[0]
    else:
        first = dims[0]
        usual = 1 if 1 in dims or not all(isinstance(dim, int) for dim in dims) else int(first)
    lists = any(len(item.shape) > 1 for item in batched)
    elsewhere = {
        symbol for item in batched for i in item.free if (symbol := item.symbol(i)) is not None
    }  # a length in an input that has a batch of its own
    for item in batched:
        dim = _dim(item)
        value = len(item.shape) == 1 and lists  # a [1] beside real tensors is a parameter, such as a threshold
        length = item.symbol(item.axis or 0) in elsewhere
        if item.guessed and ((isinstance(dim, int) and (dim != usual or value)) or length):
            item.layout, item.guessed = None, False


def _usual_batch(batched: list[_Input]) -> int:
    """What the user's shapes say, else the model; 1 where both leave it open."""
    by_trust = sorted(batched, key=lambda item: item.guessed)
    for item in by_trust:
        if item.fixed is not None:
            return item.fixed[item.axis or 0]
    for item in by_trust:
        if item.stated is not None:
            return item.stated[item.axis or 0]
    for item in by_trust:
        if isinstance(dim := _dim(item), int):
            return dim
    return max(bounds(_dim(item))[0] for item in batched)


def _takes(item: _Input, size: int, asked: int | None) -> bool:
    if item.fixed is not None:
        return item.fixed[item.axis or 0] == size
    if item.stated is not None and item.stated[item.axis or 0] == size:
        return True
    dim = _dim(item)
    return dim == size or (asked is not None and dim != 0) if isinstance(dim, int) else _inside(size, dim)


def _contradiction(item: _Input, size: int, asked: int | None) -> InputError:
    name, dim = _quoted(item.port.name), _dim(item)
    if item.fixed is not None:
        shape = format_shape("", item.fixed)
        return InputError(f"A batch of {size} contradicts the shape {shape} given for input {name}; give one of them.")
    if asked is not None:
        return InputError(f"A batch of {size} is not possible: input {name} allows {dim}.")
    return InputError(f"Input {name} has a batch of {dim} and another input one of {size}; say which with --batch.")


# Sizes


_Key: TypeAlias = tuple[str | int, ...]
_Members: TypeAlias = list[tuple[_Input, int]]


@dataclass(frozen=True)
class _Size:
    """The size of open dimensions that have it together."""

    value: int
    brought: bool  # by the user, by data or by the batch: what was stated of a member at the import is out of date
    chosen: bool  # nobody told it
    members: tuple[tuple[str, int], ...]


def _key(item: _Input, i: int) -> _Key:
    """What the open dimensions have in common that get one size."""
    symbol = item.symbol(i)
    if symbol is not None:
        return ("symbol", symbol)
    # Tokens, their mask and their positions belong together.
    return ("sequence", len(item.shape), i) if item.sequence and i > 0 else ("alone", item.port.name, i)


def _groups(inputs: list[_Input]) -> dict[_Key, _Members]:
    groups: dict[_Key, _Members] = {}
    for item in inputs:
        for i in item.free:
            groups.setdefault(_key(item, i), []).append((item, i))
    return groups


def _size(key: _Key, members: _Members, inputs: list[_Input], batch: int) -> _Size:
    """Told, stated at the import, found there by trying, or usual; inside the ranges of the members that are open."""
    is_batch = any(item.axis is not None and key == ("symbol", item.symbol(item.axis)) for item in inputs)
    brought = _known((item.fixed or item.sample, i) for item, i in members)
    if brought is None and is_batch:
        brought = batch
    stated = _known((item.stated, i) for item, i in members)
    told = stated if brought is None else brought
    value = told if told is not None else _known((item.fitting, i) for item, i in members)
    if value is None:
        value = _usual(members)
    open_ = [bounds(item.shape[i]) for item, i in members if item.fixed is None and item.sample is None]
    if value:  # nothing at all is asked for on purpose
        value = max(value, *(low for low, _ in open_), 1)
        value = min([value, *(high for _, high in open_ if high is not None)])
    return _Size(value, brought is not None, told is None, tuple((item.port.name, i) for item, i in members))


def _known(shapes: Iterable[tuple[StaticShape | None, int]]) -> int | None:
    return next((shape[i] for shape, i in shapes if shape is not None), None)


def _usual(members: _Members) -> int:
    """By what the file calls the dimension, else of a sequence if one of them is, else by layout and rank."""
    symbol = members[0][0].symbol(members[0][1]) or ""
    for name, size in _BY_SYMBOL:
        if name.search(symbol):
            return size
    if any(item.sequence and i > 0 for item, i in members):
        return _SEQUENCE
    sizes = [_sizes(item)[i] for item, i in members]
    return next((size for size in sizes if size != _OTHER), _OTHER)


def _static(item: _Input, batch: int, sizes: Mapping[_Key, _Size]) -> StaticShape:
    told = item.fixed or item.sample
    result: list[int] = []
    for i, dim in enumerate(item.shape):
        if item.axis == i:
            result.append(batch)
        elif told is not None:
            result.append(told[i])
        elif isinstance(dim, int):
            result.append(dim if item.stated is None else item.stated[i])
        else:
            size = sizes[_key(item, i)]
            result.append(size.value if item.stated is None or size.brought else item.stated[i])
    _not_huge(item.port.name, result)
    return tuple(result)


def _sizes(item: _Input) -> list[int]:
    """A usual size for each dimension, by the layout if it names height, width or the like, else by the rank."""
    rank, layout = len(item.shape), item.layout or ""
    each = _SEQUENCE if _TOKENS.search(item.port.name) else _OTHER
    if rank == 3 and item.shape[0] == 3:
        each = _IMAGE
    sizes = [1] + [each] * (rank - 1)
    if rank == 5:
        sizes = _video(item.shape)
    letters = {"H": _IMAGE, "W": _IMAGE, "D": _FRAMES, "T": _SEQUENCE, "S": _SEQUENCE, "L": _SEQUENCE}
    if rank == 5:
        letters |= {"H": _VIDEO, "W": _VIDEO}
    if {"H", "W"} & set(layout):
        letters["C"] = 3
    for letter, size in letters.items():
        place = _place(layout, letter, rank)
        if place is not None:
            sizes[place] = size
    return sizes[:rank]


def _video(shape: tuple[Dim, ...]) -> list[int]:
    """[N, C, frames, H, W], or with the channels last, or after the frames."""
    channel = next((i for i in (1, 4, 2) if shape[i] in _CHANNELS), 1)
    sizes = [1] + [_VIDEO] * 4
    sizes[2 if channel == 1 else 1] = _FRAMES
    sizes[channel] = 3
    return sizes


def _inside(size: int, dim: Dim) -> bool:
    low, high = bounds(dim)
    return low <= size and (high is None or size <= high)


def allowed(inputs: tuple[Port, ...], shapes: Mapping[str, StaticShape]) -> bool:
    """Whether what the model leaves open is inside its ranges; -1 is a size that is left open, too."""
    return all(
        isinstance(dim, int) or size == -1 or _possible(size, dim)
        for port in inputs
        for size, dim in zip(shapes[port.name], port.shape or (), strict=False)
    )


def _possible(size: int, dim: Dim) -> bool:
    """As `_inside`, but nothing at all is a size, too, where the model sets no least one."""
    return _inside(size, dim) or (size == 0 and (dim in (0, "?") or str(dim).startswith("0..")))


def _not_huge(name: str, shape: Sequence[int]) -> None:
    if prod(shape) > LARGEST or any(size > LARGEST for size in shape):
        raise InputError(
            f"Input {_quoted(name)} of shape {plain(format_shape('', shape), 120)} would hold more than "
            f"{LARGEST:,} values; give a smaller --shape."
        )


def _quoted(name: str) -> str:
    return f"'{plain(name, 80)}'"


def _listed(names: list[str]) -> str:
    return ", ".join(_quoted(name) for name in names[:8]) + (", …" if len(names) > 8 else "")
