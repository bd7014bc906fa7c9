"""Which blocks a node lies in, read from names: `encoder.layer.7/attention/MatMul` lies in three and one within them.

A layer is where the operations that it was made of are. What the device put in, such as a Reorder, and what a
conversion left without a scope, is where its consumers are, or else its producers.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

from ovtui.analysis.graph.model import Graph
from ovtui.analysis.layer_groups import scope

Path = tuple[str, ...]
"""Beginnings of a name, each a block in the one before it: `encoder`, `encoder.layer`, `encoder.layer.7`."""

_NAMESPACES = re.compile(r"\b(?:aten|prim|prims|quantized|torchvision|ov_ext)::")  # of operators, not of modules
_LABEL = re.compile(r"(?:^|(?<=[/.:]))[^/.:]+(?:(?:[/.]|::)\d+)*$")
_MEANINGLESS = frozenset({"", "__module", "module", "model", "graph", "torch_jit", "main_graph"})


def paths(graph: Graph) -> list[Path]:
    """For each node by number; () for one without a scope.

    If the names of most say nothing, only the bodies of loops and conditions are blocks.
    """
    told = any(node.original for node in graph.nodes)
    bodies = [None if node.body is None else scope(f"{node.body}/") for node in graph.nodes]
    names = [node.original if told else (node.name,) for node in graph.nodes]
    found = [_together([_read(name) for name in each]) for each in names]
    named = [bool(path) for path, body in zip(found, bodies, strict=True) if body is None]
    if 2 * sum(named) < len(named):
        return [body or () for body in bodies]
    found = [path if body is None else body + path[len(body) :] for path, body in zip(found, bodies, strict=True)]
    _adopt(graph, found)
    return found


def label(block: str) -> str:
    """The last part of a block's name; a number with what it numbers: `layer.7`."""
    operator = _NAMESPACES.search(block, max(block.rfind("/"), 0))
    if operator:
        return block[operator.start() :]
    found = _LABEL.search(block)
    return found[0] if found else block


def meaningless(block: str) -> bool:
    """Whether a level is there for technical reasons only."""
    return label(block) in _MEANINGLESS


def _read(name: str) -> Path:
    """What a name lies in; `::` parts modules too, unless it says which library an operator is of."""
    if "::" not in name or _NAMESPACES.search(name):
        return scope(name)
    text = name.lstrip("/:")
    return tuple(text[: len(each)] for each in scope(text.replace("::", "//")))


def _together(found: Sequence[Path]) -> Path:
    """What all of them lie in; for a layer made across blocks, where its last operation lies."""
    if len(found) == 1:
        return found[0]
    return _common(found) or (found[-1] if found else ())


def _common(found: Iterable[Path]) -> Path:
    """The beginning that all paths share."""
    shared: Path | None = None
    for path in found:
        if shared is None or shared == path:
            shared = path
            continue
        same = 0
        for one, other in zip(shared, path, strict=False):
            if one != other:
                break
            same += 1
        shared = shared[:same]
    return shared or ()


def _adopt(graph: Graph, found: list[Path]) -> None:
    """Give nodes between others a path if they have none; what surrounds a body is not in it."""

    def beside(node: int, others: Iterable[int]) -> Path:
        body = graph.nodes[node].body
        return _common(found[other] for other in others if found[other] and graph.nodes[other].body == body)

    for node in reversed(graph.order):  # consumers first, so that chains are followed
        if not found[node] and graph.inputs[node] and graph.uses[node]:
            found[node] = beside(node, (use.node for use in graph.uses[node]))
    for node in graph.order:
        if not found[node] and graph.inputs[node] and graph.uses[node]:
            found[node] = beside(node, (source.node for source in graph.inputs[node]))
