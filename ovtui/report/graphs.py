"""A graph as a file for other programs: DOT for Graphviz, or JSON."""

from __future__ import annotations

from pathlib import Path

import msgspec

from ovtui.analysis.graph.export import document, dot
from ovtui.analysis.graph.model import Graph
from ovtui.errors import InputError
from ovtui.report.atomic_write import put
from ovtui.sanitize import plain


def write_graph(path: Path, graph: Graph) -> None:
    """In the format its ending names; InputError for another ending or a place that refuses."""
    ending = path.suffix.lower()
    if ending not in (".dot", ".json"):
        raise InputError(f"Cannot tell the format of {plain(path)}: end its name with .dot or .json.")
    if ending == ".dot":
        put(path, dot(graph).encode())
    else:
        put(path, msgspec.json.format(msgspec.json.encode({"schema": 1, **document(graph)}), indent=2) + b"\n")
