"""`ovtui import`: check a model file and register it."""

from __future__ import annotations

import asyncio
from pathlib import Path

import click

from ovtui.cli import show_run
from ovtui.cli.follow import display
from ovtui.cli.model_argument import import_path
from ovtui.cli.options import Number, extensions_option, layouts_option, shapes_option
from ovtui.cli.output import document, json_option
from ovtui.records import StaticShape


@click.command("import")
@click.argument("model", type=click.Path(path_type=Path))
@click.option("--name", help="What to call it (default: the file's name).")
@shapes_option
@layouts_option
@extensions_option
@click.option("--timeout", type=Number(min=0.1), help="Seconds that reading may take (default: by size).")
@click.option("-q", "--quiet", is_flag=True, help="No progress on stderr.")
@json_option
def command(
    model: Path,
    name: str | None,
    shapes: dict[str, StaticShape],
    layouts: dict[str, str],
    extensions: tuple[Path, ...],
    timeout: float | None,
    quiet: bool,
    as_json: bool,
) -> None:
    """Read MODEL in a process of its own, show what is in it, and register it.

    MODEL is an OpenVINO IR (.xml), ONNX, TensorFlow SavedModel folder or frozen graph (.pb), TFLite, or PaddlePaddle
    (.pdmodel). Nothing in a model file is ever run as code: PyTorch and Keras files are refused, and the export to use
    is named. An --extension is code: it is loaded only where you name it, kept with the model, and refused once the
    file has changed.
    """
    shown = display(quiet)
    try:
        going = import_path(
            model,
            shown,
            name=name,
            shapes=shapes,
            layouts=layouts,
            extensions=[str(path) for path in extensions],
            limit_s=timeout,
        )
        record = asyncio.run(going)
    finally:
        shown.close()
    if as_json:
        from ovtui.report.documents import model_document

        document({"model": model_document(record)})
    else:
        show_run.model(record)
