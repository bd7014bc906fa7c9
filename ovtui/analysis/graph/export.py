"""A graph for other programs: DOT for Graphviz, and plain values for JSON."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from ovtui import formatting
from ovtui.analysis.graph.blocks import WHOLE, Blocks
from ovtui.analysis.graph.heat import levels
from ovtui.analysis.graph.model import Graph, Node
from ovtui.sanitize import plain

_FILLS = ("#f2f2f2", "#fff5eb", "#fdd0a2", "#fd8d3c", "#d94801")  # by heat
_NAME = 200  # characters of a name in a picture


def dot(graph: Graph, blocks: Blocks | None = None) -> str:
    """The text of a .dot file, the hotter a node the darker; blocks are drawn as frames."""
    heat = levels([node.time_us for node in graph.nodes])
    lines = ["digraph {", "  node [shape=box, style=filled, fontname=monospace]"]
    if blocks is None:
        lines += [_dot_node(graph.nodes[node], heat[node], "  ") for node in graph.order]
    else:
        lines += _dot_level(blocks, blocks.blocks[WHOLE].children, heat)
    for node in graph.order:
        for source, port in graph.inputs[node]:
            outputs = graph.nodes[source].outputs
            shape = f" [label={_quoted(formatting.shape(outputs[port].shape))}]" if 0 <= port < len(outputs) else ""
            lines.append(f"  n{source} -> n{node}{shape}")
    return "\n".join([*lines, "}", ""])


def document(graph: Graph) -> dict[str, Any]:
    """The graph as values that JSON knows: names raw, units in the keys, nodes from top to bottom."""
    return {
        "kind": graph.kind,
        "total_us": graph.total_us,
        "nodes": [_node(graph.nodes[node]) for node in graph.order],
        "edges": [
            {"source": source, "port": port, "target": node}
            for node in graph.order
            for source, port in graph.inputs[node]
        ],
    }


def _node(node: Node) -> dict[str, Any]:
    return {
        "place": node.number,
        "name": node.name,
        "type": node.type,
        "kernel": node.kernel,
        "precision": node.precision,
        "shape": None if node.shape is None else list(node.shape),
        "layout": node.layout,
        "time_us": node.time_us,
        "flops": node.flops,
        "bytes": node.bytes,
        "status": node.status,
        "original_names": list(node.original),
        "body": node.body,
    }


def _dot_level(blocks: Blocks, items: Iterable[int], heat: list[int]) -> Iterator[str]:
    stack = [iter(items)]
    while stack:
        indent = "  " * len(stack)
        for item in stack[-1]:
            if item >= 0:
                yield _dot_node(blocks.graph.nodes[item], heat[item], indent)
                continue
            block = blocks.blocks[~item]
            yield f"{indent}subgraph cluster_{block.number} {{ label={_quoted(plain(block.label, _NAME))}"
            stack.append(iter(block.children))
            break
        else:
            stack.pop()
            if stack:
                yield f"{indent[2:]}}}"


def _dot_node(node: Node, level: int, indent: str) -> str:
    time = "" if node.time_us is None else f"\\n{formatting.number(node.time_us)} µs"
    label = f"{_escaped(plain(node.type, _NAME))}\\n{_escaped(plain(node.name, _NAME))}{time}"
    dark = ", fontcolor=white" if level == len(_FILLS) - 1 else ""
    return f'{indent}n{node.number} [label="{label}", fillcolor="{_FILLS[level]}"{dark}]'


def _quoted(text: str) -> str:
    return f'"{_escaped(text)}"'


def _escaped(text: str) -> str:
    """Inside of a quoted string of DOT, where a backslash begins an escape of its own."""
    return text.replace("\\", "\\\\").replace('"', '\\"')
