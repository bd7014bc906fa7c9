"""A profile with all that the tabs ask of it, made once, beside the screen."""

from __future__ import annotations

from functools import cached_property

from ovtui import formatting, terminal
from ovtui.analysis import fusion
from ovtui.analysis import layers as analysis
from ovtui.analysis.layer_filter import LayerColumns
from ovtui.analysis.layers import Row
from ovtui.records import Profile
from ovtui.sanitize import plain
from ovtui.tui.widgets.cells import Cell


class ProfileView:
    """The layers of a run, by their places in `profile.layers`."""

    def __init__(self, profile: Profile) -> None:
        self.profile = profile
        self.columns = LayerColumns(profile)
        for column in ("name", "type", "kernel"):
            self.columns.text(column)  # where words are looked for: not at the first letter that is typed
        self.origins = fusion.origins(profile)
        self.names = fusion.names(profile, self.origins)
        self.row_at: list[Row] = sorted(self.columns.rows)  # by place
        self.most = max((row.share or 0.0 for row in self.row_at), default=0.0)
        self.balance = analysis.balance(profile)
        self.concentration = analysis.concentration(profile) or ""

    @cached_property
    def headline(self) -> str:
        """What the layers come to, in a line or two."""
        if not self.profile.layers:
            return "The profile of this run holds no layers."
        costs = analysis.counting_cost(self.profile) if self.balance.layers_us is not None else None
        counters = "" if costs is None else f" Counters: {costs}."
        told = f"{self.concentration} " if self.concentration else ""
        return plain(f"{told}{self.balance.text}{counters}") + "".join(
            f" {plain(n)}" for n in analysis.notes(self.profile)
        )

    def called(self, place: int, limit: int | None = None) -> str:
        """What a layer is called, safe to show; a dash where it has no name."""
        return plain(self.names[place], limit) or formatting.NOTHING

    def cells(self, place: int) -> dict[str, Cell]:
        """A line of the table."""
        layer, row, roof = self.profile.layers[place], self.row_at[place], self.columns.roofs[place]
        timed, time = layer.time_us is not None, analysis.time_text(layer)
        return {
            "order": Cell(str(layer.order), "dim"),
            "time": Cell(_STATUS[layer.status], "dim") if time is None else Cell(time, "" if timed else "dim"),
            "share": Cell(formatting.percent(row.share) if timed else ""),
            "bar": Cell(terminal.bar((row.share or 0.0) / self.most if self.most else 0.0, _BAR), "bar"),
            "cumulative": Cell(formatting.percent(row.cumulative) if row.cumulative is not None else "", "dim"),
            "type": Cell(plain(layer.type, 60)),
            "precision": Cell(plain(layer.precision or formatting.NOTHING, 20)),
            "kernel": Cell(plain(layer.kernel or formatting.NOTHING, 60), "dim"),
            "gflops": Cell(formatting.number(roof.gflops) if roof.gflops else ""),
            "efficiency": Cell(formatting.percent(roof.efficiency) if roof.efficiency is not None else ""),
            "bound": Cell("ceiling" if roof.above else roof.bound or "", "dim"),
            "name": Cell(self.called(place, 400)),
        }


_BAR = 8
_STATUS = {"executed": formatting.NOTHING, "optimized_out": "removed", "not_run": "none"}
