"""History in columns: a hundred thousand runs in some 20 MB, filtered and sorted between two keys."""

from __future__ import annotations

import math
from array import array
from collections.abc import Iterable, Sequence

import numpy as np

from ovtui.analysis.arrays import Ints
from ovtui.analysis.filtering import Term
from ovtui.records import Estimate, Mode, RunSummary, Status

TEXTS = ("model", "device", "mode", "status", "label")
NUMBERS = ("created", "batch", "streams", "throughput_fps", "p50_ms", "warnings")
SHORTEST_ID = 3
"""Characters of an id that may stand for it."""
_HIDDEN = ("low", "high", "converged", "p50_weak")


class _Words:
    """Texts of which many are the same: each kept once."""

    def __init__(self) -> None:
        self.codes = array("i")
        self.values: list[str] = []
        self.lower: list[str] = []
        self._known: dict[str, int] = {}

    def code(self, text: str) -> int:
        if text not in self._known:
            self._known[text] = len(self.values)
            self.values.append(text)
            self.lower.append(text.lower())
        return self._known[text]


class RunColumns:
    """Runs, newest first. Places (0, 1, …) are those of this order."""

    def __init__(self) -> None:
        self.ids: list[str] = []
        self._words = {name: _Words() for name in (*TEXTS, "model_id")}
        self._numbers = {name: array("d") for name in (*NUMBERS, *_HIDDEN)}
        self._arrays: dict[str, np.ndarray] = {}

    def __len__(self) -> int:
        return len(self.ids)

    def append(self, runs: Iterable[RunSummary]) -> None:
        """Add runs that are older than all there are, newest first."""
        for run in runs:
            self._put(len(self.ids), run)
        self._arrays.clear()

    def renew(self, newest: Sequence[RunSummary]) -> bool:
        """Take in what the newest runs, newest first, have become; whether anything is new."""
        places = {run_id: place for place, run_id in enumerate(self.ids[: 2 * len(newest) + 100])}
        changed = False
        for run in reversed(newest):
            if run.id not in places:
                self._put(self._place_for(run), run)
                places = {run_id: place for place, run_id in enumerate(self.ids[: 2 * len(newest) + 100])}
                changed = True
            elif self.summary(places[run.id]) != _kept(run):
                self._set(places[run.id], run)
                changed = True
        if changed:
            self._arrays.clear()
        return changed

    def update(self, runs: Iterable[RunSummary]) -> None:
        """Take in what runs that are there have become."""
        for run in runs:
            if run.id in self.ids:
                self._set(self.ids.index(run.id), run)
        self._arrays.clear()

    def summary(self, place: int) -> RunSummary:
        """The run at a place; times and error, which no list shows, are left out."""
        text = {name: words.values[words.codes[place]] for name, words in self._words.items()}
        number = {name: _maybe(values[place]) for name, values in self._numbers.items()}
        mean, low, high = number["throughput_fps"], number["low"], number["high"]
        estimate = None
        if mean is not None:
            ci95 = None if low is None or high is None else (low, high)
            estimate = Estimate(mean=mean, ci95=ci95, converged=bool(number["converged"]))
        status: Status = text["status"]  # type: ignore[assignment]
        mode: Mode = text["mode"]  # type: ignore[assignment]
        batch, streams = number["batch"], number["streams"]
        return RunSummary(
            id=self.ids[place],
            status=status,
            label=text["label"] or None,
            model=text["model_id"],
            model_name=text["model"],
            device=text["device"],
            mode=mode,
            batch=None if batch is None else int(batch),
            streams=None if streams is None else int(streams),
            throughput_fps=estimate,
            p50_ms=number["p50_ms"],
            created=number["created"] or 0.0,
            started=None,
            finished=None,
            error=None,
            warnings=int(number["warnings"] or 0),
            p50_weak=bool(number["p50_weak"]),
        )

    def matching(self, terms: Sequence[Term]) -> Ints:
        """The places of the runs for which all terms hold, in order."""
        holds = np.ones(len(self.ids), bool)
        for term in terms:
            holds &= self._holds(term)
        return np.flatnonzero(holds).astype(np.int64)

    def ordered(self, places: Ints, column: str, *, descending: bool) -> Ints:
        """`places` sorted by a column (`id` too); what is not known comes last, equals newest first."""
        if column == "id":
            keys = self._id_ranks()[places]
        elif column in self._words:
            words = self._words[column]
            ranks = np.empty(len(words.values), np.float64)
            ranks[sorted(range(len(words.lower)), key=words.lower.__getitem__)] = np.arange(len(words.values))
            keys = ranks[self._array(column)[places]]
            if "" in words.lower:
                empty = np.array([not text for text in words.lower])
                keys[empty[self._array(column)[places]]] = np.nan
        else:
            keys = self._array(column)[places].astype(np.float64)
        order = np.argsort(-keys if descending else keys, kind="stable")  # NaN sorts last either way
        return places[order]

    def prepare(self) -> None:
        """Make beforehand what the first filter and the first sorting would have to wait for."""
        self._begin_with("")
        self._id_ranks()
        for name in (*self._words, *self._numbers):
            self._array(name)

    def over_time(self, like: RunSummary) -> tuple[list[float], list[float]]:
        """When the model of `like` was measured in its mode on its device (seconds since 1970, oldest first), and its
        throughput then.
        """
        mine = np.ones(len(self.ids), bool)
        for name, text in _texts(like).items():
            if name in ("model_id", "mode", "device"):
                words = self._words[name]
                mine &= self._array(name) == (words.values.index(text) if text in words.values else -1)
        rates = self._array("throughput_fps")
        chosen = np.flatnonzero(mine & ~np.isnan(rates))[::-1]
        return self._array("created")[chosen].tolist(), rates[chosen].tolist()

    def _holds(self, term: Term) -> np.ndarray:
        if term.column is None:
            anywhere = np.zeros(len(self.ids), bool)
            if len(term.text) >= SHORTEST_ID:
                anywhere |= self._begin_with(term.text)
            for name in TEXTS:
                anywhere |= self._contains(name, term)
            return anywhere
        if term.column == "id":
            return self._begin_with(term.text)
        if term.column in self._words:
            return self._contains(term.column, term)
        values = self._array(term.column)
        compared: np.ndarray
        if term.operator == ">":
            compared = values > term.number
        elif term.operator == "<":
            compared = values < term.number
        else:
            compared = np.isclose(values, term.number, rtol=5e-3)  # as it is shown, in three digits
        return compared

    def _begin_with(self, prefix: str) -> np.ndarray:
        """Of ids, which are ASCII: compared as bytes, all at once."""
        wanted = prefix.encode(errors="replace")
        if "ids" not in self._arrays:
            self._arrays["ids"] = np.array(self.ids or [""], dtype="S")
        ids = self._arrays["ids"]
        if len(wanted) > ids.itemsize or not self.ids:
            return np.zeros(len(self.ids), bool)
        letters = ids.view(np.uint8).reshape(len(ids), ids.itemsize)
        begins = np.ones(len(ids), bool)
        for place, letter in enumerate(wanted):
            begins &= letters[:, place] == letter
        return begins

    def _id_ranks(self) -> np.ndarray:
        """The place of each id in the order of all ids."""
        if "id-ranks" not in self._arrays:
            ranks = np.empty(len(self.ids), np.float64)
            ranks[np.argsort(np.array(self.ids, dtype="S"))] = np.arange(len(self.ids))
            self._arrays["id-ranks"] = ranks
        return self._arrays["id-ranks"]

    def _contains(self, name: str, term: Term) -> np.ndarray:
        lower = self._words[name].lower
        hits = np.array([text == term.text if term.operator == "=" else term.text in text for text in lower], bool)
        return hits[self._array(name)] if len(lower) else np.zeros(len(self.ids), bool)

    def _array(self, name: str) -> np.ndarray:
        if name not in self._arrays:
            source = self._words[name].codes if name in self._words else self._numbers[name]
            self._arrays[name] = np.array(source)
        return self._arrays[name]

    def _place_for(self, run: RunSummary) -> int:
        created = self._numbers["created"]
        return next(
            (place for place in range(len(self.ids)) if (created[place], self.ids[place]) < (run.created, run.id)),
            len(self.ids),
        )

    def _put(self, place: int, run: RunSummary) -> None:
        self.ids.insert(place, run.id)
        for name, text in _texts(run).items():
            self._words[name].codes.insert(place, self._words[name].code(text))
        for name, number in _figures(run).items():
            self._numbers[name].insert(place, math.nan if number is None else number)

    def _set(self, place: int, run: RunSummary) -> None:
        for name, text in _texts(run).items():
            self._words[name].codes[place] = self._words[name].code(text)
        for name, number in _figures(run).items():
            self._numbers[name][place] = math.nan if number is None else number


def _texts(run: RunSummary) -> dict[str, str]:
    return {
        "model": run.model_name,
        "device": run.device,
        "mode": run.mode,
        "status": run.status,
        "label": run.label or "",
        "model_id": run.model,
    }


def _figures(run: RunSummary) -> dict[str, float | None]:
    estimate = run.throughput_fps
    low, high = (estimate.ci95 if estimate else None) or (None, None)
    return {
        "created": run.created,
        "batch": run.batch,
        "streams": run.streams,
        "throughput_fps": estimate.mean if estimate else None,
        "p50_ms": run.p50_ms,
        "p50_weak": float(run.p50_weak),
        "warnings": run.warnings,
        "low": low,
        "high": high,
        "converged": float(estimate.converged) if estimate else None,
    }


def _kept(run: RunSummary) -> RunSummary:
    import msgspec

    return msgspec.structs.replace(run, started=None, finished=None, error=None, label=run.label or None)


def _maybe(value: float) -> float | None:
    return None if math.isnan(value) else value
