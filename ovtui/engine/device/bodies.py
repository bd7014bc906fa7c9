"""The bodies that a Loop, a TensorIterator or an If executes: models within a model."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any, NamedTuple

import numpy as np

from ovtui.engine.device.reason import FAILURES

OWNERS = frozenset({"If", "Loop", "TensorIterator"})

_SOME = 64  # values of a constant, by which it is told from most others


class Inner(NamedTuple):
    """A body of an operation."""

    part: str  # what it is to its owner: body, then, else
    model: Any
    trips: int | None  # executions for each of its owner's; None: not known; 0: never executed
    sources: dict[int, int]  # place among the body's parameters → input of the owner


def bodies(op: Any) -> list[Inner]:
    """The bodies of `op`; of an If, first the one for true."""
    kind = op.get_type_name()
    if kind not in OWNERS:
        return []
    if kind != "If":
        count = int(op.get_num_iterations())
        return [_inner("body", op.get_function(), count if count >= 0 else None, op.get_input_descriptions())]
    taken = _taken(op)
    return [
        _inner(
            part,
            op.get_function(place),
            None if taken is None else int(taken == place),
            op.get_input_descriptions(place),
        )
        for place, part in enumerate(("then", "else"))
    ]


def _inner(part: str, model: Any, trips: int | None, descriptions: Iterable[Any]) -> Inner:
    sources = {int(each.body_parameter_index): int(each.input_index) for each in descriptions}
    return Inner(part, model, trips, sources)


def _taken(op: Any) -> int | None:
    """The branch of an If whose condition is a constant: 0 then, 1 else."""
    condition = op.input_value(0).get_node()
    if condition.get_type_name() != "Constant":
        return None
    return 0 if bool(condition.get_data().reshape(-1)[0]) else 1


def walked(model: Any) -> Iterator[Any]:
    """The model, and all bodies in it, the outer before the inner."""
    waiting = [model]
    while waiting:
        found = waiting.pop()
        yield found
        for op in found.get_ops():
            waiting += [body.model for body in bodies(op)]


def operations(model: Any) -> Iterator[Any]:
    """All of a model and of the bodies in it."""
    for part in walked(model):
        yield from part.get_ops()


def within(body: str, name: str) -> str:
    """What an operation of a body is called in the whole model."""
    return f"{body}/{name.lstrip('/')}"


def own_names(model: Any) -> dict[str, str]:
    """Of all operations that are no constants: what each is called in the whole model → its name where it is."""
    found: dict[str, str] = {}
    waiting = [(model, "")]
    while waiting:
        part, around = waiting.pop()
        for op in part.get_ordered_ops():
            if op.get_type_name() != "Constant":
                own = str(op.get_friendly_name())
                name = within(around, own) if around else own
                found[name] = own
                waiting += [(body.model, f"{name}/{body.part}") for body in bodies(op)]
    return found


class Values:
    """Tells which constants have values of their own: a weight that two branches use is a constant in each.

    Two are the same where their values lie at one place in memory, or are equal and not all alike, as zeros are.
    """

    def __init__(self) -> None:
        self._known: dict[object, Any] = {}
        self._alike: dict[object, list[object]] = {}  # places by type, shape and some values

    def new(self, node: Any) -> bool:
        """Whether no node before has its values."""
        before = len(self._known)
        self.place(node)
        return len(self._known) > before

    def place(self, node: Any) -> object:
        """What stands for its values: of constants that share them, the same."""
        values = _values(node)
        place: object = node.get_name() if values is None else int(values.ctypes.data)
        if values is not None and place not in self._known:
            some = values.ravel()[:: max(1, values.size // _SOME)].tobytes()
            alike = self._alike.setdefault((str(values.dtype), values.shape, some), [])
            for other in alike:
                if np.array_equal(values, self._known[other]) and (values != values.flat[0]).any():
                    return other
            alike.append(place)
        # What is known is kept: the next copy must not lie where one has been.
        self._known.setdefault(place, values)
        return place


def _values(node: Any) -> Any:
    """A constant's values, in one piece; None of what is no constant, or of text."""
    if node.get_type_name() != "Constant":
        return None
    try:
        values = np.ascontiguousarray(node.get_data())
    except FAILURES:
        return None
    return values if values.size and values.dtype.kind in "biuf" else None
