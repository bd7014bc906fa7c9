"""The search for the highest arrival rate: with simulated queues whose optimum is known, and with scripted turns."""

from __future__ import annotations

import numpy as np
import pytest

from ovtui.analysis.arrays import Floats
from ovtui.analysis.exploration.max_rate import highest_kept, lucky, remarks, verdict
from ovtui.analysis.exploration.rate_search import ROUNDS, Learn, RateSearch, Served, Try, answer
from ovtui.records import Limits, RatePoint
from tests.benchmarks.arrival_rate import Truth, searches
from tests.queue_simulation import Service, constant, exponential


@pytest.mark.parametrize(
    ("service", "servers", "limit"), [(constant, 1, 10), (constant, 2, 30), (exponential, 1, 30), (exponential, 2, 10)]
)
def test_the_answer_keeps_the_limit_and_is_near_the_optimum(service: Service, servers: int, limit: float) -> None:
    """At most 1 % may miss; `tests.benchmarks.arrival_rate` is the same over all limits, with 200 searches each."""
    truth = Truth(service, servers, limit, arrivals=400_000)
    best = truth.optimum()
    assert best is not None
    found = [answer(each.rule.points) for each in searches(service, servers, limit, count=20, service_s=0.01, seed=3)]
    rates = np.asarray([0.0 if each is None else each.rate * 0.01 for each in found])
    assert sum(truth(rate) > 0.015 for rate in rates if rate) <= 2
    assert np.median(rates) >= 0.9 * best
    assert rates.max() < servers


def test_a_slow_model_gets_a_safe_answer_and_hears_what_limits_it() -> None:
    (search,) = searches(constant, 1, 50, count=1, service_s=0.5, seed=1)
    found = answer(search.rule.points)
    assert search.elapsed_s < 150
    assert search.rule.bound == "turns"
    assert found is not None
    assert found.rate * 0.5 < 0.9
    longer = searches(constant, 1, 50, count=1, service_s=0.5, seed=1, budget_s=3000)[0]
    higher = answer(longer.rule.points)
    assert higher is not None
    assert higher.rate > 1.1 * found.rate


def test_services_that_miss_the_limit_by_themselves_end_the_search() -> None:
    search = RateSearch(0.001, "p99", 1)
    assert isinstance(search.ask(0.0), Learn)
    search.learned(np.full(500, 0.01), 5.0)
    assert search.ask(5.0) is None
    assert search.hopeless
    assert search.alone_s == pytest.approx(0.01)


def test_a_search_stays_below_the_capacity_that_was_measured() -> None:
    """The loop costs what service times do not show: only 80 a second are served."""
    search = RateSearch(1.0, "p99", 1)
    search.learned(np.full(500, 0.01), 5.0, capacity=80.0)
    todo = search.ask(7.0)
    assert isinstance(todo, Try)
    assert todo.rate < 80


def turn(todo: Try, latencies: Floats, *, unserved: Floats | None = None, refused: int = 0) -> Served:
    """Arrivals at equal distances."""
    scheduled = np.linspace(0, todo.seconds, len(latencies), endpoint=False)
    gone = np.empty(0) if unserved is None else unserved
    return Served(scheduled, latencies, np.minimum(latencies, 0.01), gone, refused, todo.seconds)


def tried(latency: object, *, limit_s: float = 0.1, refused: int = 0) -> RateSearch:
    """A search whose first rate gets turns with such latencies, s; `latency`: of n arrivals."""
    assert callable(latency)
    search = RateSearch(limit_s, "p99", 1)
    search.learned(np.full(500, 0.01), 5.0)
    todo = search.ask(7.0)
    while isinstance(todo, Try) and len(search.points) == 1:
        search.tried(turn(todo, latency(int(todo.rate * todo.seconds)), refused=refused))
        if search.points[0].kept is not None:
            break
        todo = search.ask(7.0)
    return search


def test_turns_without_misses_keep_the_limit() -> None:
    (point,) = tried(lambda n: np.full(n, 0.02)).points
    assert (point.kept, point.ground, len(point.counts)) == (True, None, ROUNDS)


def test_misses_refuse_a_rate_before_all_turns_are_done() -> None:
    (point,) = tried(lambda n: np.full(n, 0.2)).points
    assert (point.kept, point.ground) == (False, "misses")
    assert len(point.counts) < ROUNDS


def test_refused_arrivals_are_misses() -> None:
    (point,) = tried(lambda n: np.full(n, 0.02), refused=500).points
    assert (point.kept, point.ground) == (False, "misses")


def test_a_growing_backlog_refuses_a_rate_though_the_limit_still_holds() -> None:
    (point,) = tried(lambda n: np.linspace(0.01, 0.09, n)).points
    assert (point.kept, point.ground) == (False, "backlog")


def test_slower_service_than_was_learned_refuses_a_rate() -> None:
    def slower(n: int) -> Floats:
        return np.full(n, 0.02)

    search = RateSearch(0.1, "p99", 1)
    search.learned(np.full(500, 0.01), 5.0)
    todo = search.ask(7.0)
    while search.points[0].kept is None:
        assert isinstance(todo, Try)
        given = turn(todo, slower(int(todo.rate * todo.seconds)))
        search.tried(given._replace(services_s=given.latencies_s))
        todo = search.ask(7.0) if search.points[0].kept is None else None
    assert (search.points[0].kept, search.points[0].ground) == (False, "service times")


def test_the_start_of_a_turn_does_not_count() -> None:
    search = RateSearch(0.1, "p99", 1)
    search.learned(np.full(500, 0.01), 5.0)
    todo = search.ask(7.0)
    assert isinstance(todo, Try)
    warm = search.points[0].warm_s
    assert warm > 0
    given = turn(todo, np.full(1000, 0.02))
    search.tried(given._replace(latencies_s=np.where(given.scheduled_s < warm, 5.0, 0.02)))
    assert search.points[0].counts[0][0] == 0


def test_who_still_waits_longer_than_the_limit_has_missed_it() -> None:
    search = RateSearch(0.1, "p99", 1)
    search.learned(np.full(500, 0.01), 5.0)
    todo = search.ask(7.0)
    assert isinstance(todo, Try)
    waiting = todo.seconds - np.asarray([0.5, 0.4, 0.3, 0.05])
    search.tried(turn(todo, np.full(1000, 0.02), unserved=waiting))
    assert search.points[0].counts[0][0] == 3
    assert search.points[0].waiting == 4


# The answer, and what is said of it


def test_what_keeps_a_limit_that_a_lower_rate_missed_is_no_answer() -> None:
    loads = [RatePoint(rate=rate, kept=kept) for rate, kept in ((95, True), (100, False), (105, True), (110, False))]
    found = highest_kept(loads)
    assert found is not None
    assert found.rate == 95
    assert [load.rate for load in lucky(loads)] == [105]
    assert highest_kept(loads[1:]) is None


def test_a_rate_that_is_not_kept_says_why() -> None:
    grounds = ("misses", "backlog", "service times", "capacity")
    told = [verdict(RatePoint(rate=1, kept=False, ground=ground)) for ground in grounds]  # type: ignore[arg-type]
    assert told == ["missed", "backlog grew", "too close", "near capacity"]
    assert (verdict(RatePoint(rate=1)), verdict(RatePoint(rate=1, kept=True))) == ("", "kept")


def test_what_holds_an_answer_down_is_said_with_what_to_do() -> None:
    limits, kept = Limits(latency_ms=20.0, percentile="p99"), RatePoint(rate=80, kept=True, missed_ci95=(0.0, 0.004))
    told = [remarks([kept], limits, bound=bound, capacity=100.0, seconds=120) for bound in (None, "services", "turns")]  # type: ignore[arg-type]
    assert told[0] == []
    assert "Service times vary too much" in told[1][0] and "-t 480" in told[1][0]
    assert "capacity of 100/s" in told[2][0] and "-t 480" in told[2][0]
    weak = RatePoint(rate=80, kept=True, missed_ci95=(0.0, 0.1))
    assert "rests on service times" in remarks([weak], limits, bound=None, capacity=100.0, seconds=120)[0]
    none = RatePoint(rate=70, kept=False, missed=0.02)
    assert (
        "No rate that was tried keeps the limit; the lowest, 70/s, misses it with 2 %"
        in (remarks([none], limits, bound=None, capacity=100.0, seconds=120)[0])
    )
