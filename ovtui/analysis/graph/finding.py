"""Finding nodes: by what is typed, by what they cost, by whom they feed."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from math import isclose

from ovtui.analysis import filtering, precisions
from ovtui.analysis.filtering import Term
from ovtui.analysis.graph.heat import levels
from ovtui.analysis.graph.model import Graph, Node
from ovtui.records import Shape

_TEXTS: dict[str, Callable[[Node], str | None]] = {
    "name": lambda node: node.name,
    "type": lambda node: node.type,
    "kernel": lambda node: node.kernel,
    "precision": lambda node: precisions.normal(node.precision),
    "layout": lambda node: node.layout,
    "status": lambda node: node.status,
}
_NUMBERS: dict[str, Callable[[Node], float | None]] = {
    "time": lambda node: node.time_us,
    "flops": lambda node: node.flops,
    "bytes": lambda node: node.bytes,
}
_BOTTLENECK = 3  # the least heat of one: together they make up four fifths


def terms(typed: str) -> list[Term]:
    """Words stand in names; `type:conv`, `kernel:ref`, `precision:i8`, `time>50us` (without a unit, µs), `flops>1G`;
    `shape:1x64`, which are dimensions beside each other.
    """
    texts = {name: name for name in (*_TEXTS, "shape")}
    return filtering.parse(typed, texts, {name: name for name in _NUMBERS}, per_second=1e6)


def search(graph: Graph, typed: str) -> list[int]:
    """The nodes, from top to bottom, for which all `terms` typed hold; all of them if there are none."""
    tests = [partial(_holds, term) for term in terms(typed)]
    return [node for node in graph.order if all(test(graph.nodes[node]) for test in tests)]


def next_bottleneck(values: Sequence[float | None], node: int | None, step: int = 1) -> int | None:
    """From `node` to the next (−1: previous) of the worst, which together make up 80 % of `values`; round and round.

    `values`: of each node by number what is to be won or what it takes. From any other node, the first (last) of them.
    """
    hot = [index for index, level in enumerate(levels(values)) if level >= _BOTTLENECK] or [
        index for index, value in enumerate(values) if value is not None and value > 0
    ]
    hot.sort(key=lambda index: -(values[index] or 0.0))
    if not hot:
        return None
    if node not in hot:
        return hot[0 if step > 0 else -1]
    return hot[(hot.index(node) + step) % len(hot)]


def producers(graph: Graph, node: int) -> list[int]:
    """Whom a node reads from, each once, in the order of its inputs."""
    return list(dict.fromkeys(source.node for source in graph.inputs[node]))


def consumers(graph: Graph, node: int) -> list[int]:
    """Who reads from a node, each once, from top to bottom."""
    return list(dict.fromkeys(use.node for use in graph.uses[node]))


def _holds(term: Term, node: Node) -> bool:
    if term.column is None:
        return term.text in node.name.lower()
    if term.column == "shape":
        return _has_dims(node.shape, term.text)
    if term.column in _TEXTS:
        text = (_TEXTS[term.column](node) or "").lower()
        return text == term.text if term.operator == "=" else term.text in text
    value = _NUMBERS[term.column](node)
    if value is None:
        return False
    if term.operator == "=":
        return isclose(value, term.number, rel_tol=5e-3)  # as it is shown, in three digits
    return value > term.number if term.operator == ">" else value < term.number


def _has_dims(shape: Shape, typed: str) -> bool:
    wanted = typed.strip("[]()x,*").replace(",", "x").replace("*", "x")
    return shape is not None and f"x{wanted}x" in f"x{'x'.join(map(str, shape))}x"
