"""`ovtui optimize`: a smaller or faster version of a model, and what it cost."""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path
from typing import Any

import click
import msgspec

from ovtui import specs
from ovtui.analysis.optimization.predictions import cpu_flags, expectations
from ovtui.cli import show_optimization
from ovtui.cli.finish import finish
from ovtui.cli.follow import Display, display
from ovtui.cli.model_argument import model_for
from ovtui.cli.options import Number
from ovtui.cli.output import document, json_option, table
from ovtui.cli.spec_options import given_on_the_line, parsed, spec_of, spec_options, usage
from ovtui.cli.study_options import followed, left_alone, shows_earlier
from ovtui.engine import client
from ovtui.engine.reconcile import reconcile
from ovtui.errors import InputError
from ovtui.records import Images, Model, Optimization, Recipe, Spec
from ovtui.sanitize import plain
from ovtui.store import open_store

_LISTED = 20
_OF_RECIPE = frozenset(Recipe.__struct_fields__) - {"data", "images", "layouts", "shapes", "seed"}


@click.command()
@click.argument("model", required=False)
@click.option(
    "--method", type=click.Choice(["int8", "int8-weights", "int4-weights", "fp16"]), default="int8", show_default=True,
    help="Weights and activations; weights only, which needs no data; half precision on disk.",
)  # fmt: skip
@click.option("--preset", type=click.Choice(["performance", "mixed"]), default="mixed", show_default=True,
              help="int8: mixed keeps more accuracy where activations go below zero.")  # fmt: skip
@click.option("--model-type", type=click.Choice(["transformer"]), help="int8: for transformers.")
@click.option("--subset", type=click.IntRange(1, 100_000), default=300, show_default=True, help="Samples to calibrate.")
@click.option("--max-drop", callback=parsed(specs.percent), metavar="PERCENT",
              help="int8: quantize only as far as top-1 drops by so much at most.")  # fmt: skip
@click.option("--ignore", "ignored", multiple=True, metavar="NAME", help="An operation that stays as it is.")
@click.option("--ignore-pattern", "ignored_patterns", multiple=True, metavar="REGEX", help="Operations that stay.")
@click.option("--asymmetric", is_flag=True, help="Weights only: with a zero point.")
@click.option("--group-size", type=click.IntRange(-1, 65_536), help="Weights only: weights that share a scale.")
@click.option("--ratio", type=Number(0, 1), help="int4-weights: share that becomes 4 bits; the rest 8.")
@click.option(
    "--labels",
    callback=parsed(specs.labels),
    metavar="PATH",
    help="A .csv of file,label or row,label, or a .npy: then accuracy is known.",
)
@click.option(
    "--data", multiple=True, callback=parsed(specs.data), metavar="[INPUT=]PATH",
    help="What it calibrates on and is judged by: .npy, .npz or a folder of images.",
)  # fmt: skip
@click.option("--random", is_flag=True, help="Calibrate with noise: shows the speed, and says nothing of accuracy.")
@click.option("--pixels", callback=parsed(specs.pixels), metavar="HxW",
              help="Images: the size that the version takes, to resize it itself.")  # fmt: skip
@click.option("--no-bake", "bake", is_flag=True, default=True, flag_value=False,
              help="Images: leave normalising them to whoever calls the version.")  # fmt: skip
@click.option("-t", "--seconds", type=Number(0.1, 3600), help="The longest that each comparison takes (default: 20).")
@click.option("--no-compare", "compare", is_flag=True, default=True, flag_value=False, help="Make it, measure nothing.")
@click.option("--preview", is_flag=True, help="Show what the data looks like, and leave.")
@click.option("--versions", is_flag=True, help="Show all versions of MODEL side by side, and leave.")
@spec_options(
    "mode", "batch", "streams", "requests", "rate", "queue", "api", "seconds", "iterations", "until_ci", "profile",
    "data", "keep_state",
)  # fmt: skip
@click.option("--label", help="A name for the optimization.")
@click.option("--detach", is_flag=True, help="Print its id and leave; it goes on.")
@click.option("-q", "--quiet", is_flag=True, help="No progress on stderr.")
@json_option
def command(
    model: str | None,
    seconds: float | None,
    compare: bool,
    preview: bool,
    versions: bool,
    label: str | None,
    detach: bool,
    quiet: bool,
    as_json: bool,
    **given: Any,
) -> None:
    """Make a version of MODEL with smaller or integer weights, and say what it gained and what it cost.

    int8 calibrates on --data (.npy, .npz, or a folder of images: a folder for each class, or flat with --labels). The
    version is held against MODEL on the same samples, and both are measured in turn. Ctrl-C ends it; a version that is
    whole by then stays. Without MODEL: what was made; the id of an optimization shows it again. --versions: all ways
    that MODEL was optimized, side by side.
    """
    if model is None:
        if given_on_the_line() - {"as_json", "quiet"}:
            raise click.UsageError("Say of which MODEL to make a version.")
        _list(as_json=as_json)
        return
    if versions:
        _versions(model, as_json=as_json)
        return
    if shows_earlier(model, Optimization, as_json=as_json):
        return
    recipe, spec = _asked(**given)
    shown = display(quiet or detach)
    try:
        went = _optimize(
            model, recipe, spec, shown,
            compare=compare, preview=preview, seconds=seconds, label=label, detach=detach, quiet=quiet, as_json=as_json,
        )  # fmt: skip
        sys.exit(asyncio.run(went))
    finally:
        shown.close()


def _asked(*, asymmetric: bool, **given: Any) -> tuple[Recipe, Spec]:
    """Recipe and spec; click.UsageError for what cannot go together."""
    own = {name: given.pop(name) for name in _OF_RECIPE & set(given)}
    data, seed = given.pop("data"), given.pop("seed")
    spec = spec_of(**given)
    recipe = Recipe(
        **own,
        symmetric=not asymmetric,
        data=data,
        images=spec.images,
        layouts=spec.layouts,
        shapes=spec.shapes,
        seed=seed,
    )
    usage(specs.check_recipe, recipe)
    return recipe, msgspec.structs.replace(spec, images=Images(), seed=seed)


async def _optimize(
    text: str, recipe: Recipe, spec: Spec, shown: Display, *,
    compare: bool, preview: bool, seconds: float | None, label: str | None, detach: bool, quiet: bool, as_json: bool,
) -> int:  # fmt: skip
    missing = client.quantize_missing()
    if missing is not None and recipe.method != "fp16" and not preview:
        raise InputError(missing)
    model = await model_for(text, shown)
    if recipe.images == Images():
        recipe = msgspec.structs.replace(recipe, images=client.stated_images(model, recipe.data))
    if preview:
        shown.close()
        seen = client.preview(model, recipe)
        if as_json:
            document({"preview": msgspec.to_builtins(seen)})
        else:
            show_optimization.preview(seen)
        return 0
    spec = msgspec.structs.replace(spec, model=model.id)
    if not quiet:
        _say_what_to_expect(model, recipe, spec)
    job = await client.start_optimization(model, recipe, spec, compare=compare, seconds=seconds, label=label)
    if detach:
        return left_alone(job, as_json=as_json)
    return await followed(job, shown, lambda ended: finish(Optimization, job.id, ended, as_json=as_json))


def _say_what_to_expect(model: Model, recipe: Recipe, spec: Spec) -> None:
    """On this processor, of this kind of net: before it takes minutes."""
    with open_store(readonly=True) as store:
        graph = store.models.graph(model.id)
    try:
        flags = cpu_flags(Path("/proc/cpuinfo").read_text())
    except OSError:
        flags = frozenset()
    for text in expectations(model, graph.operations if graph is not None else (), flags, spec.device, recipe):
        click.echo(f"expect: {text}", err=True)


def _versions(text: str, *, as_json: bool) -> None:
    with open_store() as store:
        reconcile(store)
        found = store.models.find(text)
        if not found:
            raise InputError(f"There is no registered model '{plain(text, 200)}'; `ovtui models` lists them.")
        if as_json:
            made = show_optimization.versions_of(store, found[0])
            document({"optimizations": [show_optimization.as_document(store, each) for each in made]})
        else:
            show_optimization.ways(store, found[0])


def _list(*, as_json: bool) -> None:
    with open_store() as store:
        reconcile(store)
        found = store.studies.of(Optimization).newest(limit=_LISTED)
        if as_json:
            document({"optimizations": [show_optimization.as_document(store, each) for each in found]})
            return
        if not found:
            click.echo("No version was made yet. `ovtui optimize MODEL --data FOLDER` makes one.", err=True)
            return
        table(
            ("OPTIMIZATION", "WHEN", "MODEL", "METHOD", "SPEED", "SIZE", "ACCURACY", "STATUS", "LABEL"),
            [show_optimization.row(store, each) for each in found],
            spare=("LABEL", "WHEN", "SIZE"),
        )
