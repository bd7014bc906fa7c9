"""A verdict seen from the other side: what B is to A, told as what A is to B."""

from __future__ import annotations

import msgspec

from ovtui.records import LayerDifference, LayerDifferences, PairedResult, Verdict

_OTHER: dict[Verdict, Verdict] = {"faster": "slower", "slower": "faster"}


def turned(found: PairedResult) -> PairedResult:
    """The same duel with A and B exchanged. All of it is of ratios, so that nothing is lost."""
    return msgspec.structs.replace(
        found,
        verdict=_OTHER.get(found.verdict, found.verdict),
        ratio=None if found.ratio is None else 1 / found.ratio,
        ci95=_turned(found.ci95),
        ci90=_turned(found.ci90),
        ratios=tuple(1 / ratio for ratio in found.ratios),
    )


def turned_layers(found: LayerDifferences) -> LayerDifferences:
    """The same differences with A and B exchanged."""
    rows = tuple(
        LayerDifference(row.place_b, row.place_a, -row.delta_us, _negative(row.ci95), row.marked) for row in found.rows
    )
    return msgspec.structs.replace(found, rows=rows, rest_ci95=_negative(found.rest_ci95))


def _negative(interval: tuple[float, float] | None) -> tuple[float, float] | None:
    return None if interval is None else (-interval[1], -interval[0])


def _turned(interval: tuple[float, float] | None) -> tuple[float, float] | None:
    if interval is None:
        return None
    low, high = interval
    return 1 / high, (1 / low if low > 0 else 0.0)
