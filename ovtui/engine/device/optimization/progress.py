"""What NNCF shows as bars, told as messages: it tracks its phases through one class, which is given other methods."""

from __future__ import annotations

import logging
import sys
import time
from collections.abc import Callable, Iterable, Iterator
from types import TracebackType
from typing import Any

from ovtui.engine.messages import Progress, Say
from ovtui.errors import InputError
from ovtui.records import Phase

MISSING = "Making INT8 versions needs NNCF: pip install 'ovtui[quantize]'"

_EVERY_S = 0.25
_WORDS = {
    "Statistics collection": "collecting-statistics",
    "Applying Fast Bias correction": "correcting-biases",
    "Applying Bias correction": "correcting-biases",
    "Applying Smooth Quant": "smoothing-activations",
    "Collecting metrics": "measuring-accuracy",
    "Collecting outputs": "collecting-outputs",
    "Calculating ranking scores": "ranking-operations",
    "Channel alignment": "aligning-channels",
    "Mixed-Precision assignment": "choosing-precisions",
    "Applying Scale Estimation": "estimating-scales",
    "Applying Weight Compression": "compressing-weights",
}


class Steps:
    """Tells how far something is, a few times a second; the first and the last step always."""

    def __init__(self, say: Say, phase: str, total: int | None) -> None:
        self._say, self._phase, self._total = say, phase, total
        self._done, self._told, self._next = 0, -1, 0.0
        self.step(0)

    def step(self, count: int = 1) -> None:
        self._done += count
        now = time.monotonic()
        if now >= self._next or self._done == self._total:
            self._next = now + _EVERY_S
            self._tell()

    def end(self) -> None:
        """Nothing more comes, though perhaps more was expected."""
        if self._told != self._done:
            self._tell()

    def _tell(self) -> None:
        self._told = self._done
        self._say(Progress(phase=Phase(name=self._phase), done=self._done, total=self._total))


def nncf(say: Say) -> Any:
    """The package, telling its progress through `say`. InputError when it is not installed.

    Like OpenVINO's, its telemetry cannot be imported, so that nothing phones home.
    """
    sys.modules["openvino_telemetry"] = None  # type: ignore[assignment]
    try:
        import nncf as package
        from nncf.common.logging import track_progress
    except ImportError as error:
        raise InputError(MISSING) from error
    package.set_log_level(logging.WARNING)
    _tell(track_progress.track, say)
    return package


def errors_of(package: Any) -> tuple[type[Exception], ...]:
    """NNCF's own errors, which have no base in common but Exception."""
    found = vars(package.errors).values()
    return tuple(each for each in found if isinstance(each, type) and issubclass(each, Exception))


def _tell(track: Any, say: Say) -> None:
    def begin(
        self: Any,
        sequence: Iterable[object] | None = None,
        description: str = "",
        total: float | None = None,
        weights: list[float] | None = None,
        **_: object,
    ) -> None:
        self.sequence = sequence
        size: Any = len(sequence) if total is None and hasattr(sequence, "__len__") else total  # type: ignore[arg-type]
        words = _WORDS.get(description) or (description or "working").lower()
        self.steps = Steps(say, words, int(size) if size else None)

    def each(self: Any) -> Iterator[object]:
        for one in self.sequence:
            yield one
            self.steps.step()
        self.steps.end()

    def entered(self: Any) -> Any:
        return self

    def left(
        self: Any, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.steps.end()

    def update(self: Any, advance: float, **_: object) -> None:
        self.steps.step(int(advance))

    methods: dict[str, Callable[..., Any]] = {
        "__init__": begin, "__iter__": each, "__enter__": entered, "__exit__": left, "update": update,
    }  # fmt: skip
    for name, method in methods.items():
        setattr(track, name, method)
