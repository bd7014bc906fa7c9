"""Which tensors are drawn as lanes, and how far: a lane that nothing on the screen ends is worth less than a label."""

from __future__ import annotations

from collections.abc import Sequence

from ovtui.analysis.graph.rows import Net

REACH = 24
"""Rows between two ends of a lane; beyond, the tensor becomes a label at both."""
_MANY = 8
"""Consumers of a tensor that, spread over half of the rows, feeds nearly everything."""


def near(nets: Sequence[Net], rows: int, reach: int = REACH) -> list[tuple[int, ...]]:
    """For each net the consumers that a lane leads to: none, some of the first, or all.

    A tensor that feeds nearly everything (an attention mask, a time embedding) has no lane, unless others are read
    where it is read last: those make one lane together.
    """
    found = []
    ends: dict[int, list[tuple[int, ...]]] | None = None  # by the last of several consumers
    for row, consumers, _ in nets:
        last = consumers[-1]
        if last - row <= reach:
            found.append(consumers)
            continue
        if len(consumers) >= _MANY and 2 * (last - consumers[0]) >= rows:
            if ends is None:
                ends = _ends(nets)
            if not any(len(other) < len(consumers) and consumers[-len(other) :] == other for other in ends[last]):
                found.append(())
                continue
        end, at = 0, row
        for consumer in consumers:
            if consumer - at > reach:
                break
            at = consumer
            end += 1
        found.append(consumers[:end])
    return found


def _ends(nets: Sequence[Net]) -> dict[int, list[tuple[int, ...]]]:
    found: dict[int, list[tuple[int, ...]]] = {}
    for net in nets:
        if len(net.consumers) > 1:
            found.setdefault(net.consumers[-1], []).append(net.consumers)
    return found
