"""Options that several commands share, and their parsing."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import click

from ovtui.errors import InputError
from ovtui.records import StaticShape


class Number(click.FloatRange):
    """A number within a range; `nan` is in none, which comparing does not show."""

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> float:
        number: float = super().convert(value, param, ctx)
        if not math.isfinite(number):
            self.fail(f"{value!r} is not a number that can be measured with.", param, ctx)
        return number


def _shapes(ctx: click.Context, param: click.Parameter, values: tuple[str, ...]) -> dict[str, StaticShape]:
    from ovtui.analysis.shapes import parse_shape

    return _gathered(parse_shape, values, param)


def _layouts(ctx: click.Context, param: click.Parameter, values: tuple[str, ...]) -> dict[str, str]:
    from ovtui.analysis.shapes import parse_layout

    return _gathered(parse_layout, values, param)


def _gathered(parse: Any, values: tuple[str, ...], param: click.Parameter) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for value in values:
        try:
            name, parsed = parse(value)
        except InputError as error:
            raise click.BadParameter(str(error), param=param) from error
        found[name] = parsed
    return found


shapes_option = click.option(
    "--shape",
    "shapes",
    multiple=True,
    callback=_shapes,
    metavar="INPUT[1,3,224,224]",
    help="Fix an input's shape; without a name, of the only input.",
)
extensions_option = click.option(
    "--extension",
    "extensions",
    multiple=True,
    type=click.Path(exists=True, dir_okay=False, path_type=Path, resolve_path=True),
    metavar="FILE",
    help="A library with the model's own operations (OpenVINO's add_extension). Its code runs, now and in every job.",
)
layouts_option = click.option(
    "--layout",
    "layouts",
    multiple=True,
    callback=_layouts,
    metavar="INPUT[NCHW]",
    help="Say what an input's dimensions are; without a name, of the only input.",
)
