"""Lines between two layers of boxes: rows for their level parts, so that no two lines ever lie on each other.

Each line comes in at a column of the upper edge and leaves at columns of the lower one. Where one line comes in above
the place where another leaves, its level part must lie above the other's; where that goes in a circle, a line takes two
level parts and a free column between them.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import count

UP, DOWN, LEFT, RIGHT = 1, 2, 4, 8


@dataclass(eq=False)
class Line:
    """From a column above to columns below, or one of the two parts of such a line."""

    top: int
    bottoms: list[int]
    row: int = -1  # of its level part; −1 for a line that goes straight down
    above: Line | None = None  # the part that it continues
    continued: bool = False

    @property
    def straight(self) -> bool:
        """Whether it needs no level part."""
        return self.bottoms == [self.top]

    @property
    def span(self) -> tuple[int, int]:
        """The first and the last column of its level part."""
        return min(self.top, *self.bottoms), max(self.top, *self.bottoms)

    def arms(self, rows: int) -> Iterator[tuple[int, int, int]]:
        """(row, column, arms) of its characters in a channel of so many rows."""
        if self.straight:
            yield from ((row, self.top, UP | DOWN) for row in range(rows))
            return
        begin = self.above.row + 1 if self.above else 0
        yield from ((row, self.top, UP | DOWN) for row in range(begin, self.row))
        first, last = self.span
        for column in range(first, last + 1):
            arms = (LEFT if column > first else 0) | (RIGHT if column < last else 0)
            arms |= (UP if column == self.top else 0) | (DOWN if column in self.bottoms else 0)
            yield self.row, column, arms
        if not self.continued:
            yield from ((row, bottom, UP | DOWN) for bottom in self.bottoms for row in range(self.row + 1, rows))


def routed(lines: Iterable[tuple[int, Sequence[int]]]) -> tuple[list[Line], int]:
    """Lines as (column above, columns below), and the rows that they take: one at least, so that boxes stand apart.

    No column may be used twice above, or twice below.
    """
    found = [Line(top, sorted(bottoms)) for top, bottoms in lines if bottoms]
    comes = {line.top: line for line in found}
    used = {column for line in found for column in (line.top, *line.bottoms)}
    taken: list[list[tuple[int, int]]] = []  # spans in each row
    waiting = [line for line in found if not line.straight]
    while waiting:
        ready = [line for line in waiting if not any(other in waiting for other in _over(line, comes))]
        for line in ready:
            waiting.remove(line)
            _place(line, 1 + max((other.row for other in _over(line, comes)), default=-1), taken)
        if not ready:
            line = waiting[0]
            middle = next(
                column
                for distance in count(1)
                for column in (line.top + distance, line.top - distance)
                if column >= 0 and column not in used
            )
            used.add(middle)
            upper = Line(line.top, [middle], continued=True)
            comes[line.top] = upper
            line.top, line.above = middle, upper
            found.append(upper)
            waiting.append(upper)
    return found, max(1, len(taken))


def _over(line: Line, comes: dict[int, Line]) -> list[Line]:
    """The lines whose level part must lie above that of `line`."""
    found = [other for bottom in line.bottoms if (other := comes.get(bottom)) is not None and other is not line]
    return found if line.above is None else [*found, line.above]


def _place(line: Line, row: int, taken: list[list[tuple[int, int]]]) -> None:
    """The first row from `row` on in which there is room."""
    first, last = line.span
    while row < len(taken) and any(begin <= last and first <= end for begin, end in taken[row]):
        row += 1
    if row == len(taken):
        taken.append([])
    taken[row].append((first, last))
    line.row = row
