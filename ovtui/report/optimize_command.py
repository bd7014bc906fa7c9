"""A recipe as the `ovtui optimize` line that makes the same version."""

from __future__ import annotations

import shlex

import msgspec

from ovtui.analysis.optimization.recipes import used
from ovtui.records import Recipe, Spec
from ovtui.report.command import inputs, options

_DEFAULT = Recipe()
_SPEC = Spec(model="")


def optimize_command(model: str, recipe: Recipe, spec: Spec, *, label: str | None = None) -> str:
    """The line; only what differs from the defaults is in it. `model`: a name, an id or a path."""
    return shlex.join(optimize_arguments(model, recipe, spec, label=label))


def optimize_arguments(model: str, recipe: Recipe, spec: Spec, *, label: str | None = None) -> list[str]:
    """The same as a list: parsed by the command line, it gives back the recipe as `used`, and the spec."""
    recipe = used(recipe)
    line = ["ovtui", "optimize", model]
    line += options(
        ("--method", recipe.method, _DEFAULT.method),
        ("--preset", recipe.preset, _DEFAULT.preset),
        ("--model-type", recipe.model_type, None),
        ("--subset", recipe.subset, _DEFAULT.subset),
        ("--max-drop", None if recipe.max_drop is None else f"{100 * recipe.max_drop:.10g}%", None),
    )
    # With an equals sign, so that a name that begins with a dash is no option.
    line += [f"--ignore={name}" for name in recipe.ignored]
    line += [f"--ignore-pattern={pattern}" for pattern in recipe.ignored_patterns]
    line += [] if recipe.symmetric else ["--asymmetric"]
    line += options(
        ("--group-size", recipe.group_size, None),
        ("--ratio", None if recipe.ratio is None else f"{recipe.ratio:.10g}", None),
    )
    own = msgspec.structs.replace(
        spec, data=recipe.data, images=recipe.images, layouts=recipe.layouts, shapes=recipe.shapes, seed=recipe.seed
    )
    line += options(("-d", spec.device, _SPEC.device), ("--threads", spec.threads, None))
    line += inputs(own)
    line += options(("--labels", recipe.labels, None))
    line += ["--random"] if recipe.random else []
    if recipe.pixels is not None:
        line += ["--pixels", "x".join(map(str, recipe.pixels))]
    line += [] if recipe.bake else ["--no-bake"]
    return [*line, *options(("--label", label or None, None))]
