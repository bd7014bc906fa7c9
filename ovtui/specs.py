"""From what a person typed to a spec: one parser for each value, the same for the command line and the app.

Each raises InputError with a sentence that says what is wrong and what to write.
"""

from __future__ import annotations

import math
import os
import re
from collections.abc import Iterable
from pathlib import Path

from ovtui.errors import InputError
from ovtui.records import Data, Mode, Recipe, Spec, Stop
from ovtui.sanitize import plain

AUTO = "auto"
"""What stands for the device's choice."""

LARGEST = {
    "batch": 65_536,
    "streams": 1024,
    "threads": 4096,
    "requests": 1024,
    "queue": 1_000_000,
    "seed": 2**32,
    "pixels": 16_384,
}
"""The largest number each setting takes; the smallest is 1, of a seed 0."""


def count(name: str, text: str) -> int | None:
    """A whole number for the setting `name`; None for `auto` or nothing."""
    told = text.strip()
    if told in ("", AUTO):
        return None
    least = 0 if name == "seed" else 1
    if not re.fullmatch(r"[0-9]{1,12}", told) or not least <= int(told) <= LARGEST[name]:
        raise InputError(f"{name}: {_quoted(text)} is not a whole number from {least} to {LARGEST[name]:,}.")
    return int(told)


def amount(name: str, text: str, least: float, most: float, unit: str) -> float:
    """A number of `unit` within a range."""
    try:
        value = float(text)
    except ValueError:
        value = math.nan
    if not least <= value <= most:  # nan is in no range
        raise InputError(f"{name}: {_quoted(text)} is not a number of {unit} from {least:g} to {most:,.10g}.")
    return value


def seconds(text: str) -> float:
    """How long to measure."""
    return amount("seconds", text, 0.1, 86_400, "seconds")


def rate(text: str) -> float:
    """Arrivals per second."""
    return amount("rate", text, 0.001, 1e6, "arrivals per second")


def iterations(text: str) -> int:
    """How many inferences to measure."""
    if not re.fullmatch(r"[0-9]{1,10}", text.strip()) or not 1 <= int(text) <= 10**9:
        raise InputError(f"iterations: {_quoted(text)} is not a whole number from 1 to 1,000,000,000.")
    return int(text)


def percent(text: str) -> float:
    """`1%` or `0.01` as 0.01."""
    found = re.fullmatch(r"\s*(\d*\.?\d+)\s*(%?)\s*", text)
    share = float(found[1]) / (100 if found[2] else 1) if found else 0.0
    if not 0 < share < 1:
        raise InputError(f"{_quoted(text)} is not between 0 and 100 %: write 1% or 0.01.")
    return share


def properties(values: Iterable[str]) -> dict[str, str]:
    """`KEY=VALUE` each."""
    found = {}
    for value in values:
        key, equals, content = value.partition("=")
        if not equals or not key.strip():
            raise InputError(f"{_quoted(value)} is not KEY=VALUE.")
        found[key.strip()] = content.strip()
    return found


def numbers(text: str) -> tuple[float, ...]:
    """`123.7,116.3,103.5`, with or without brackets."""
    try:
        found = tuple(float(part) for part in text.strip().strip("[]").split(","))
    except ValueError:
        found = (math.nan,)
    if not all(map(math.isfinite, found)):
        raise InputError(f"{_quoted(text)} is not a number or a list like 123.7,116.3,103.5.")
    return found


def data(values: Iterable[str]) -> tuple[Data, ...]:
    """`[INPUT=]PATH` each; what is there as it was written is a path, since a path may hold '='."""
    sources = []
    for value in values:
        name, equals, rest = value.partition("=")
        # os.path takes what it may not look at as absent, where pathlib raises.
        named = bool(equals) and not os.path.exists(expanded(value))  # noqa: PTH110
        path = expanded(rest if named else value)
        if not os.path.exists(path):  # noqa: PTH110
            raise InputError(f"{_quoted(str(path))} does not exist.")
        if not (os.path.isfile(path) or os.path.isdir(path)):  # noqa: PTH112, PTH113
            raise InputError(f"{_quoted(str(path))} is neither a file nor a folder.")
        sources.append(Data(path=str(path.absolute()), input=name if named else None))
    return tuple(sources)


def expanded(text: str) -> Path:
    """A path with its `~`; one of a user that does not exist stays as it is."""
    path = Path(text)
    try:
        return path.expanduser()
    except RuntimeError:
        return path


def here(name: str) -> str:
    """A path in the working folder, or at home where that is gone."""
    try:
        folder = Path.cwd()
    except OSError:
        folder = expanded("~")
    return f"{folder}/{name}" if not name.startswith("/") else name


def stop(seconds: float | None, iterations: int | None, until_ci: float | None) -> Stop:
    """The stop rule; at most one is given."""
    if sum(value is not None for value in (seconds, iterations, until_ci)) > 1:
        raise InputError("Give only one of --seconds, --iterations and --until-ci.")
    if seconds is not None:
        return Stop(kind="seconds", seconds=seconds)
    if iterations is not None:
        return Stop(kind="iterations", iterations=iterations)
    return Stop() if until_ci is None else Stop(ci=until_ci)


DEMO_MODES: tuple[Mode, ...] = ("latency", "throughput")
DEMO_CI = 0.03
_DEMO_S = 20.0  # both modes together, warming up included
_DEMO_LONGEST_S, _DEMO_SHORTEST_S = 9.0, 2.0


def demo(model: str, mode: Mode, *, seconds: float | None = None, spent_s: float = 0.0) -> Spec:
    """How the demo measures in a mode: until the mean is known to ±3 %, or for `seconds`. With the layers of the first.

    `spent_s`: what the mode before took of the twenty seconds that there are for both.
    """
    if seconds is not None:
        stop = Stop(kind="seconds", seconds=seconds, ci=DEMO_CI)
    else:
        longest = min(_DEMO_LONGEST_S, max(_DEMO_SHORTEST_S, _DEMO_S - spent_s))
        stop = Stop(ci=DEMO_CI, seconds=longest, min_seconds=_DEMO_SHORTEST_S)
    return Spec(model=model, mode=mode, stop=stop, profile=mode == "latency")


def check(spec: Spec) -> None:
    """InputError for settings that contradict each other."""
    if (spec.mode == "server") != (spec.rate is not None):
        raise InputError("Server mode needs --rate, the arrivals per second, and --rate needs --mode server.")
    if spec.rate is not None and spec.stop.kind != "iterations" and spec.rate * spec.stop.seconds < 5:
        raise InputError(
            f"At {spec.rate:g} arrivals per second, {spec.stop.seconds:g} s would see too few to measure: "
            f"raise --rate, or give -t {math.ceil(5 / spec.rate)} or more."
        )


def pixels(text: str) -> tuple[int, int]:
    """`480x640` as height and width."""
    found = re.fullmatch(r"\s*([0-9]{1,5})\s*[x×]\s*([0-9]{1,5})\s*", text)
    size = (int(found[1]), int(found[2])) if found else (0, 0)
    if not all(1 <= side <= LARGEST["pixels"] for side in size):
        raise InputError(f"{_quoted(text)} is not a size like 480x640, height first.")
    return size


def labels(text: str) -> str:
    """A .csv or .npy file that is there."""
    path = expanded(text)
    if path.suffix.lower() not in (".csv", ".npy"):
        raise InputError(f"{_quoted(text)}: labels are a .csv of file,label or row,label, or a .npy.")
    if not os.path.isfile(path):  # noqa: PTH113 (it does not raise)
        raise InputError(f"{_quoted(text)} is no file.")
    return str(path.absolute())


def check_recipe(recipe: Recipe) -> None:
    """InputError for a recipe that contradicts itself."""
    method = recipe.method
    weights = method in ("int8-weights", "int4-weights")
    if recipe.random and recipe.data:
        raise InputError("Noise is for where there is no data: leave out --random or --data.")
    if method == "int8" and not (recipe.data or recipe.random):
        raise InputError(
            "int8 calibrates on samples: give --data, or --random to see the speed alone (accuracy means nothing then)."
        )
    if recipe.labels is not None and not recipe.data:
        raise InputError("--labels are of samples: give --data, too.")
    for unsaid, option in (
        (recipe.pixels is None, "--pixels"),
        (recipe.images.mean is None, "--mean"),
        (recipe.images.scale is None, "--scale"),
        (recipe.images.channels is None, "--channels"),
        (recipe.bake, "--no-bake"),
    ):
        if not unsaid and not recipe.data:
            raise InputError(f"{option} is for images: give --data, too.")
    if any(value == 0 or not math.isfinite(value) for value in recipe.images.scale or ()):
        raise InputError("--scale divides: it takes finite numbers other than 0.")
    if recipe.max_drop is not None and (method != "int8" or recipe.random):
        raise InputError("--max-drop is for int8 with --data: it looks at the accuracy while it quantizes.")
    if not weights and (recipe.group_size is not None or not recipe.symmetric):
        raise InputError("--group-size and --asymmetric are for int8-weights and int4-weights.")
    if recipe.group_size == 0:
        raise InputError("--group-size is -1 for a whole channel, or a number of weights.")
    if recipe.group_size is not None and method == "int8-weights":
        raise InputError("int8-weights share a scale by channel: --group-size is for int4-weights.")
    if recipe.ratio is not None and method != "int4-weights":
        raise InputError("--ratio is for int4-weights: the share that becomes 4 bits.")
    if method == "fp16" and (recipe.ignored or recipe.ignored_patterns):
        raise InputError("fp16 stores all weights alike: --ignore is for the other methods.")
    if method != "int8":
        usual = Recipe()
        for option, name in (("--model-type", "model_type"), ("--preset", "preset"), ("--subset", "subset")):
            if getattr(recipe, name) != getattr(usual, name):
                raise InputError(f"{option} is for int8.")
    for pattern in recipe.ignored_patterns:
        try:
            re.compile(pattern)
        except re.error as error:
            raise InputError(f"{_quoted(pattern)} is no regular expression: {plain(str(error), 100)}.") from error


def _quoted(text: str) -> str:
    return f"'{plain(text, 120)}'"
