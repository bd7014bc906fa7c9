"""`ovtui compare` of recorded runs: the doubt between runs, ranks, and the way to be surer."""

from __future__ import annotations

from pathlib import Path

import pytest

from ovtui.store import open_store
from tests.cli.conftest import Past
from tests.conftest import Ovtui
from tests.store.samples import a_model
from tests.tui.comparisons import two_runs

NET = a_model("net0000001", name="net")


def test_two_recorded_runs_are_compared_with_wider_doubt(ovtui: Ovtui, past: Past) -> None:
    a, b = past(NET, 100, 2)
    told = ovtui("compare", a, b, "--json").json
    low, high = told["ci95"]
    assert high / low > 1.1  # each is known to a percent, but nobody knows how runs of this model scatter
    assert told["verdict"] == "undecided"
    assert (told["a"]["id"], told["b"]["id"]) == (a, b)
    shown = ovtui("compare", a, b).out
    assert "measured at different times" in shown
    assert f"ovtui compare --interleave {a} {b}" in shown


def test_the_verdict_says_by_what_it_is_and_can_be_asked_for(ovtui: Ovtui, past: Past) -> None:
    fast, slow = past(NET, 100, 12, mode="latency"), past(a_model("other00001", name="other"), 80, 12, mode="latency")
    pair = fast[-1], slow[-1]
    told = ovtui("compare", *pair, "--json").json
    assert (told["criterion"], told["ratio"]) == ("latency", pytest.approx(1))  # all of these have the same median
    assert "by median latency" in ovtui("compare", *pair).out
    told = ovtui("compare", *pair, "--criterion", "throughput", "--json").json
    assert (told["criterion"], told["ratio"]) == ("throughput", pytest.approx(0.8, rel=0.01))
    assert "by throughput." in ovtui("compare", *pair, "--criterion", "throughput").out
    ranking = ovtui("compare", *pair, fast[0], "--criterion", "throughput", "--json").json["ranking"]
    assert ranking[2]["run"]["id"] == slow[-1]


def test_the_way_to_be_surer_keeps_what_was_asked_for(ovtui: Ovtui, past: Past) -> None:
    a, b = past(NET, 100, 2)
    assert f"ovtui compare --interleave {a} {b}\n" in ovtui("compare", a, b).out
    told = ovtui("compare", a, b, "--criterion", "throughput").out
    assert f"ovtui compare --interleave {a} {b} --criterion throughput\n" in told


def test_servers_at_different_rates_are_told_why_there_is_no_verdict(ovtui: Ovtui, past: Past) -> None:
    (one,), (other,) = past(NET, 100, 1, mode="server"), past(NET, 80, 1)
    out = ovtui("compare", one, other).out
    assert "no results" not in out
    assert "their latencies tell" in out
    assert "--interleave" not in out  # which is refused


@pytest.mark.parametrize("option", [("--detach",), ("--no-profile",), ("--label", "x"), ("-t", "5")])
def test_what_is_for_measuring_is_refused_of_recorded_runs(ovtui: Ovtui, past: Past, option: tuple[str, ...]) -> None:
    refused = ovtui("compare", *past(NET, 100, 2), *option)
    assert refused.code == 2
    assert "add --interleave" in refused.err


def test_many_runs_alike_narrow_the_doubt(ovtui: Ovtui, past: Past) -> None:
    fast, slow = past(NET, 100, 12), past(a_model("other00001", name="other"), 80, 12)
    told = ovtui("compare", fast[-1], slow[-1], "--json").json
    low, high = told["ci95"]
    assert high / low < 1.1
    assert told["verdict"] == "slower"


def test_the_layers_that_differ_for_certain_are_marked_and_the_rest_is_one_line(ovtui: Ovtui, home: Path) -> None:
    with open_store(home / "ovtui.db") as store:
        two_runs(store)
    lines = ovtui("compare", "run000000a", "run000000b").out.splitlines()
    (told,) = (line for line in lines if "of the gain of" in line)
    assert "These 8 layers account for 98 % of the gain of 827.4 µs." in told
    assert "1 of them differs the other way, by +301.0 µs" in told
    assert "Not attributable: −18.88 µs (−" in told
    first = next(place for place, line in enumerate(lines) if "Δ µs" in line) + 1
    rows = [line.split() for line in lines[first : first + 9]]
    assert [row[1] for row in rows[:4]] == ["-524.4", "301.0", "-236.0", "-117.3"]
    assert [row[0] for row in rows[:8]] == ["*"] * 8
    assert rows[8][0] != "*"
    layers = ovtui("compare", "run000000a", "run000000b", "--json").json
    assert [row["significant"] for row in layers["layers"][:9]] == [True] * 8 + [False]
    assert all(row["ci95"][0] < row["delta_us"] < row["ci95"][1] for row in layers["layers"][:9])
    whole = sum(row["delta_us"] or 0.0 for row in layers["layers"])
    told_of = sum(row["delta_us"] for row in layers["layers"] if row["significant"])
    assert told_of + layers["not_attributable"]["delta_us"] == pytest.approx(whole)
    assert layers["layers_interleaved"] == 0


def test_a_mark_is_explained_only_where_it_can_be_seen(ovtui: Ovtui, home: Path) -> None:
    with open_store(home / "ovtui.db") as store:
        two_runs(store)
    pair = "run000000a", "run000000b"
    assert "They are marked *." in ovtui("compare", *pair).out
    for options in (("--threshold", "1000000"), ("--by", "type")):
        out = ovtui("compare", *pair, *options).out
        assert "These 8 layers account for" in out
        assert "marked" not in out


def test_more_than_two_runs_are_ranked(ovtui: Ovtui, past: Past) -> None:
    slow, one, other = past(NET, 2, 1, 100, 2)
    ranking = ovtui("compare", slow, one, other, "--json").json["ranking"]
    assert [place["rank"] for place in ranking] == [1, 2, 3]
    assert [place["alike"] for place in ranking] == [True, True, False]
    assert ranking[2]["run"]["id"] == slow
    assert slow in ovtui("compare", slow, one, other).out
