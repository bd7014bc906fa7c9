"""Who enters the race, who leaves it, and when it is decided."""

from __future__ import annotations

import math
from collections import Counter
from itertools import permutations

import numpy as np
import pytest
from surfaces import a_cell

from ovtui.analysis.exploration import race
from ovtui.records import Limits
from tests.weak import WEAK

THRIFT = {"a": (1.0, 1.0), "b": (2.0, 1.0), "c": (3.0, 1.0), "d": (4.0, 1.0)}


def winner(true: dict[str, float], seed: int, noise: float = 0.015, weather: float = 0.1) -> tuple[str, int, int]:
    """The winner, its rounds and all turns; the weather is the same for all contestants of a round."""
    rng = np.random.default_rng(seed)
    rounds: dict[str, list[float]] = {key: [] for key in true}
    turns = 0
    while len(rounds) > 1:
        day = np.exp(weather * rng.standard_normal())
        for key, rates in rounds.items():
            rates.append(true[key] * day * np.exp(noise * rng.standard_normal()))
            turns += 1
        for key in race.drop(rounds, THRIFT):
            del rounds[key]
    ((winner, rates),) = rounds.items()
    return winner, len(rates), turns


# Who enters


def test_those_that_a_probe_cannot_tell_from_the_best_race() -> None:
    cells = [a_cell(1, 1, 90), a_cell(2, 1, 97), a_cell(4, 1, 98), a_cell(8, 1, 100), a_cell(16, 1)]
    assert [s.batch for s in race.contestants(cells, Limits())] == [8, 4, 2]


def test_what_costs_more_and_was_slower_does_not_race() -> None:
    cells = [a_cell(1, 1, 100), a_cell(2, 1, 98), a_cell(4, 1, 99.5)]
    assert [s.batch for s in race.contestants(cells, Limits())] == [1, 4]


def test_at_most_six_race() -> None:
    cells = [a_cell(2**n, 1, 100 + n / 10) for n in range(8)]
    assert [s.batch for s in race.contestants(cells, Limits())] == [128, 64, 32, 16, 8, 4]


def test_one_that_is_clearly_best_needs_no_race() -> None:
    assert race.contestants([a_cell(1, 1, 50), a_cell(2, 1, 100)], Limits()) == []
    assert race.contestants([a_cell(1, 1)], Limits()) == []


def test_what_a_weak_percentile_leaves_open_races_and_what_it_rules_out_does_not() -> None:
    """10 ms in all of them; a p99 of 15 ms whose interval has 12.5 ms for its lower end, and none for its upper."""
    known, weak = a_cell(1, 1, 99), a_cell(2, 1, 100, latency_ms=WEAK)
    for limit, expected in ((16.0, [2, 1]), (12.0, [])):
        limits = Limits(latency_ms=limit, percentile="p99")
        assert [s.batch for s in race.contestants([known, weak], limits)] == expected


def test_only_what_keeps_the_limits_races() -> None:
    cells = [a_cell(1, 1, 99), a_cell(2, 1, 100), a_cell(4, 1, 101)]
    assert [s.batch for s in race.contestants(cells, Limits(latency_ms=25))] == [2, 1]


# Who leaves


def test_nobody_leaves_before_the_third_round() -> None:
    assert race.drop({"a": [100.0, 100.0], "b": [50.0, 50.0]}, THRIFT) == []
    assert race.drop({"a": [100.0] * 3, "b": [50.0] * 3}, THRIFT) == ["b"]


def test_differences_within_a_round_count_not_the_weather() -> None:
    weather = [100.0, 150.0, 60.0, 90.0]
    assert race.drop({"a": weather, "b": [0.95 * rate for rate in weather]}, THRIFT) == ["b"]


def test_what_is_slower_but_for_the_noise_stays() -> None:
    assert race.drop({"b": [100.0, 100.0, 100.0], "a": [104.0, 93.0, 98.0]}, THRIFT) == []


def test_of_equals_the_thriftier_stays_even_if_it_is_behind() -> None:
    rates = {"c": [100.0, 101.0, 100.0], "a": [99.5, 100.5, 99.6], "b": [99.8, 100.8, 99.7]}
    assert set(race.drop(rates, THRIFT)) == {"b", "c"}
    assert race.drop({"c": [100.0] * 3, "d": [99.8] * 3}, THRIFT) == ["d"]


def test_memory_decides_between_equal_latencies() -> None:
    rates = {"x": [100.0] * 3, "y": [99.9] * 3}
    assert race.drop(rates, {"x": (1.0, 300.0), "y": (1.0, 200.0)}) == ["x"]


def test_one_that_is_a_round_behind_is_compared_on_what_all_have() -> None:
    assert race.drop({"a": [100.0, 100.0, 100.0, 1.0], "b": [50.0, 50.0, 50.0]}, THRIFT) == ["b"]


def test_after_ten_rounds_it_is_over() -> None:
    rng = np.random.default_rng(1)
    wild = {key: list(100 * np.exp(0.2 * rng.standard_normal(10))) for key in "abcd"}
    assert len(race.drop(wild, THRIFT)) == 3


def test_nobody_races_alone() -> None:
    assert race.drop({"a": [1.0] * 20}, THRIFT) == []
    assert race.drop({}, THRIFT) == []


# How good it is


@pytest.mark.parametrize("better", ["a", "d"])
def test_one_that_is_three_percent_better_wins(better: str) -> None:
    wins = [winner(dict.fromkeys("abcd", 100.0) | {better: 103.0}, seed)[0] == better for seed in range(200)]
    assert sum(wins) >= 175


def test_equals_end_with_the_thriftiest_and_soon() -> None:
    races = [winner(dict.fromkeys("abcd", 100.0), seed) for seed in range(200)]
    assert sum(winner == "a" for winner, _, _ in races) >= 140
    assert np.mean([turns for _, _, turns in races]) <= 22


def test_little_is_lost_whoever_wins() -> None:
    rng = np.random.default_rng(5)
    lost = []
    for seed in range(200):
        true = {key: 100 * (1 + 0.02 * rng.standard_normal()) for key in "abcd"}
        lost.append(1 - true[winner(true, seed)[0]] / max(true.values()))
    assert np.mean(lost) <= 0.006
    assert np.quantile(lost, 0.99) <= 0.025


def test_each_round_goes_in_an_order_of_its_own_and_all_orders_are_as_likely() -> None:
    orders = Counter(tuple(race.turns("abc", seed, number)) for seed in range(60) for number in range(100))
    assert set(orders) == set(permutations("abc"))
    assert all(abs(count - 1000) < 4 * math.sqrt(1000 * 5 / 6) for count in orders.values())
    firsts = [race.turns("abcdef", 0, number)[0] for number in range(10)]
    assert firsts == [race.turns("abcdef", 0, number)[0] for number in range(10)]
    assert len(set(firsts)) > 1
