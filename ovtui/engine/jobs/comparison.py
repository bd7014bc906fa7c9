"""The job that compares: the sides are loaded together, take turns, and are loaded afresh until it is decided."""

from __future__ import annotations

import random
import time
from collections.abc import Sequence

import msgspec

from ovtui.analysis.comparison.paired import FEWEST, decided, duel, instance_ratio
from ovtui.analysis.layers import total_us
from ovtui.analysis.turns import Block, turn_length
from ovtui.engine.job_specs import ComparisonJobSpec
from ovtui.engine.jobs.contestants import Contestant
from ovtui.engine.jobs.context import JobContext
from ovtui.engine.jobs.layer_pass import Pass
from ovtui.engine.jobs.layer_turns import Counted, Counting, is_slow
from ovtui.engine.jobs.study import StudyJob
from ovtui.errors import Cancelled, OvtuiError
from ovtui.records import Comparison, Model, Phase, Profile

LONGEST_S = 60.0
"""Unless something else was asked for: two quiet versions are told apart to 1 % well before."""
_SIDE_S = 0.5  # of turns of each side in an instance
_TURN_S = (0.03, 2.0)
_PAIRS = (4, 24)
_FEWEST_S = 30.0
_MOST_INSTANCES = 40
_LAYERS_S = (20.0, 60.0)  # the shortest and longest time after which no further instance counts layers


class ComparisonJob(StudyJob[Comparison]):
    """One comparison. An instance is a fresh start of all sides: where memory comes to lie makes a percent or two."""

    def __init__(self, spec: ComparisonJobSpec, context: JobContext) -> None:
        super().__init__(spec.study, context)
        self._longest_s = spec.seconds or LONGEST_S
        self._random = random.Random(0)
        self._first: list[Contestant] = []
        self._ratios: list[list[float]] = [[] for _ in self.study.sides[1:]]
        self._measured_s = 0.0

    @property
    def models(self) -> Sequence[Model]:
        return [side.model for side in self.study.sides]

    def work(self) -> None:
        """Instances until every duel is decided or the time is over, then the layers of each side."""
        created = time.time()
        began = time.monotonic()
        try:
            for number in range(1, _MOST_INSTANCES + 1):
                start = time.monotonic()
                self._instance(number)
                took = time.monotonic() - start
                self._judge(took)
                over = time.monotonic() - began + took > self._longest_s
                if number >= FEWEST and (over or all(decided(d, number) for d in self.study.duels)):
                    break
        finally:
            self._keep_runs(created)
        if not self._cancel.asked:
            self._look_at_layers(created)

    def _instance(self, number: int) -> None:
        sides: list[Contestant] = []
        try:
            self.tell_phase(Phase(name="loading", instance=number))
            for side in self.study.sides:
                sides.append(self.begin(side.model, side.spec))
                # The first ones load alone: what that takes is told of them.
                if number == 1:
                    self.stand_ready(sides[-1])
            for contestant in sides if number > 1 else []:
                self.stand_ready(contestant)
            self._take_part(sides)
            self.tell_phase(Phase(name="warming", instance=number))
            lengths = [_turn_s(contestant) for contestant in sides]
            self.tell_phase(Phase(name="measuring", instance=number))
            pairs = pairs_of(lengths)
            speeds: list[list[float]] = [[] for _ in sides]
            for _ in range(pairs):
                blocks = dict(self._round(sides, lengths))
                for i, contestant in enumerate(sides):
                    speeds[i].append(self._speed(contestant, blocks[i]))
                self.watch()
            for i, ratios in enumerate(self._ratios, start=1):
                ratios.append(instance_ratio(list(zip(speeds[0], speeds[i], strict=True))))
            self.study = msgspec.structs.replace(self.study, pairs=self.study.pairs + pairs)
        finally:
            for contestant in sides:
                if contestant in self.field.loaded:
                    self.field.close(contestant)

    def _round(self, sides: Sequence[Contestant], lengths: Sequence[float]) -> list[tuple[int, Block]]:
        order = self._random.sample(range(len(sides)), len(sides))
        return [(i, sides[i].block(lengths[i])) for i in order]

    def _take_part(self, sides: list[Contestant]) -> None:
        """All instances of a side count as one run; it was loaded as the first one."""
        if not self._first:
            self._first = list(sides)
        for contestant, first in zip(sides, self._first, strict=True):
            contestant.tally = first.tally

    def _speed(self, side: Contestant, found: Block) -> float:
        if self.study.criterion == "latency":
            return 1e9 / found.median_ns
        return found.rate * side.ready.effective.batch

    def _judge(self, instance_s: float) -> None:
        duels = tuple(duel(ratios, seconds_per_instance=instance_s) for ratios in self._ratios)
        waits = [d.seconds_more for d in duels if d.seconds_more is not None]
        left = max(0.0, self._longest_s - self.elapsed_s)
        self._change(duels=duels, eta_s=min(max(waits), left) if waits else None)

    def _keep_runs(self, created: float) -> None:
        """A run for each side of what there is, even where it was cancelled."""
        if len(self._first) < len(self.study.sides) or any(side.result() is None for side in self._first):
            return
        sides = tuple(
            msgspec.structs.replace(side, run=self.keep(side.run, contestant, created=created))
            for side, contestant in zip(self.study.sides, self._first, strict=True)
        )
        self._change(sides=sides)

    def _look_at_layers(self, created: float) -> None:
        """A pass for each side that wants one, then all of those in turn, which tells what differs."""
        looked: list[tuple[int, Counted]] = []
        environment = self.study.environment
        for place, (side, contestant) in enumerate(zip(self.study.sides, self._first, strict=True)):
            result = contestant.result()
            if not side.spec.profile or result is None or environment is None:
                continue
            self.tell_phase(Phase(name="profiling"))
            look = Pass(
                side.model,
                side.spec,
                folder=self._folder,
                writer=self._writer,
                store=self._store,
                cancel=self._cancel,
            )
            found = look.run(result, environment)
            if found.reason:
                self.note(found.reason)
            if found.profile is not None:
                looked.append((place, Counted(side.model, side.spec, found.profile, result.latency_ms.mean / 1e3)))
        profiles = {place: side.profile for place, side in looked}
        timed = [each for each in looked if total_us(each[1].profile)]
        try:
            if len(timed) > 1 and timed[0][0] == 0 and not self._cancel.asked:
                profiles |= self._count_in_turn(timed)
        finally:
            for place, profile in profiles.items():
                self.keep(self.study.sides[place].run, self._first[place], created=created, profile=profile)

    def _count_in_turn(self, sides: Sequence[tuple[int, Counted]]) -> dict[int, Profile]:
        """The profiles with times of the same moments, if there are such; what differs goes into the study."""
        if is_slow([side.latency_s for _, side in sides]):
            self.note("Layer times come from separate passes: inferences this slow take too long to interleave.")
            return {}
        places = [place for place, _ in sides]
        counting = Counting(
            [side for _, side in sides], log=self._folder.log, cancel=self._cancel, tell_phase=self.tell_phase
        )  # fmt: skip
        try:
            counting.run(min(max(self._longest_s / 2, _LAYERS_S[0]), _LAYERS_S[1]))
            differences = dict(zip(places[1:], counting.differences(), strict=True))
            profiles = dict(zip(places, counting.profiles(), strict=True))
        except Cancelled:
            self.note("Layer times come from separate passes, since interleaving them was cancelled.")
            return {}
        except OvtuiError as error:
            self.note(f"Layer times come from separate passes: {str(error).rstrip('.')}.")
            return {}
        self._change(layers=tuple(differences.get(place) for place in range(1, len(self.study.sides))))
        return profiles


def pairs_of(lengths: Sequence[float]) -> int:
    """Turns of each side in an instance, from the seconds of one turn of each.

    At least four, unless these alone take half a minute: inferences of seconds are few, and instances count for more.
    """
    fewest = min(_PAIRS[0], max(1, int(_FEWEST_S / sum(lengths))))
    return min(max(round(_SIDE_S / max(lengths)), fewest), _PAIRS[1])


def _turn_s(side: Contestant) -> float:
    latency_s = side.warm()
    shortest, longest = _TURN_S
    return turn_length(latency_s, side.ready.effective.requests, at_least_s=shortest, at_most_s=longest)
