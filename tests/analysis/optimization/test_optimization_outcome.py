"""What a version gained and cost, as figures and as a sentence."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from ovtui.analysis.accuracy.agreement import BROKEN_DB
from ovtui.analysis.accuracy.proportions import proportion
from ovtui.analysis.optimization.outcome import Figure, Outcome, outcome, weak_means
from ovtui.records import PairedResult, Recipe
from tests.analysis.optimization.versions import (
    PARENT,
    VERSION,
    a_comparison,
    a_paired_result,
    an_accuracy,
    an_optimization,
    an_outcome,
    an_output,
    both_runs,
    labelled,
)
from tests.store.samples import a_model, a_result
from tests.weak import WEAK

FASTER = a_paired_result(1.83)
SLOWER = a_paired_result(0.7)
SAME = a_paired_result(1.001, 0.005, "same")
OPEN = a_paired_result(1.02, 0.05, seconds_more=18.0)


def row(found: Outcome, title: str) -> Figure:
    (wanted,) = [figure for figure in found.figures if figure.title == title]
    return wanted


# The verdict


def test_the_verdict_has_speed_size_and_accuracy_with_their_doubt() -> None:
    found = an_outcome(FASTER, accuracy=an_accuracy(labelled(8, 0, 2000)))
    assert found.verdict == (
        "INT8 is 1.83 × faster in latency (1.79–1.87), 4.00 × smaller, and loses 0.4 points of top-1 (0.2–0.79)."
    )


def test_latency_and_throughput_are_told_apart_where_both_are_known() -> None:
    found = an_outcome(FASTER, SLOWER, accuracy=an_accuracy(labelled(8, 0, 2000)))
    assert found.verdict.startswith(
        "INT8 is 1.83 × faster in latency (1.79–1.87), 1.43 × slower in throughput (1.40–1.46), 4.00 × smaller, and"
    )


@pytest.mark.parametrize(
    ("duel", "text"),
    [
        (a_paired_result(0.969, 0.006), "is 3.1 % slower in latency (2.5–3.7 %)"),
        (SAME, "is as fast as its parent in latency (within ±2 %)"),
        (OPEN, "is not known to be faster or slower in latency (about 20 s more would decide)"),
        (
            PairedResult(verdict="undecided"),
            "is not known to be faster or slower in latency (there are no results to compare)",
        ),
    ],
)
def test_a_version_that_is_not_faster_is_not_called_so(duel: PairedResult, text: str) -> None:
    assert text in an_outcome(duel).verdict


def test_a_drop_that_may_be_chance_is_said_to_be() -> None:
    found = an_outcome(FASTER, accuracy=an_accuracy(labelled(4, 2, 1000)))
    assert "loses 0.2 points of top-1, which may be chance (−0.37 to 0.85)" in found.verdict
    assert "not known well enough" not in found.verdict


def test_a_gain_and_no_drop_are_called_so() -> None:
    assert (
        "and gains 1 point of top-1 (0.54–1.83)."
        in an_outcome(FASTER, accuracy=an_accuracy(labelled(0, 10, 1000))).verdict
    )
    found = an_outcome(FASTER, accuracy=an_accuracy(labelled(1, 1, 1000))).verdict
    assert "and keeps its top-1 on 1,000 samples (−0.47 to 0.47 points lost)." in found


def test_too_few_samples_are_said_with_how_many_it_would_take() -> None:
    found = an_outcome(FASTER, accuracy=an_accuracy(labelled(1, 0, 100))).verdict
    assert "loses 1 point of top-1, which may be chance (−2.74 to 5.45); " in found
    assert found.endswith(
        "the drop is not known well enough with 100 samples: about 7,000 would tell it to ±0.5 points."
    )


def test_without_labels_the_same_answer_is_no_proof_of_a_right_one() -> None:
    found = an_outcome(FASTER, accuracy=an_accuracy(None, an_output(same=(497, 500)))).verdict
    assert "says the same as its parent of 99.4 % of 500 samples (98.25–99.8 %)" in found
    assert found.endswith("without labels nobody knows which of them is right.")


def test_without_classes_there_is_the_noise_and_the_cosine() -> None:
    found = an_outcome(FASTER, accuracy=an_accuracy(None, an_output("a", 41.5), an_output("b", 17.8))).verdict
    assert "its outputs are 17.8 dB above the noise that it adds; their cosine with the parent's is 0.9980" in found


def test_outputs_that_are_the_same_are_called_so() -> None:
    assert an_outcome(FASTER, accuracy=an_accuracy(None, an_output(sqnr_db=None))).verdict.endswith(
        "and gives just what its parent does."
    )


@pytest.mark.parametrize(
    ("output", "says"),
    [
        ({"sqnr_db": None, "max_abs": 0.0}, "gives nothing but zeros as its parent does"),
        ({"sqnr_db": -100.0, "max_abs": 0.25}, "gives up to 0.25 where its parent gives nothing but zeros"),
    ],
)
def test_outputs_of_zeros_are_not_called_accurate(output: dict[str, Any], says: str) -> None:
    told = an_outcome(FASTER, accuracy=an_accuracy(None, an_output(cosine=None, **output)))
    assert told.verdict.endswith(f"and {says}, which says nothing of accuracy.")
    assert "dB" not in told.verdict


def test_an_output_of_zeros_beside_others_says_nothing_of_them() -> None:
    zeros, fine = an_output(cosine=None, sqnr_db=None, max_abs=0.0), an_output(cosine=1.0, sqnr_db=None, max_abs=0.0)
    verdict = an_outcome(FASTER, accuracy=an_accuracy(None, zeros, fine)).verdict
    assert verdict.endswith("gives just what its parent does.")
    noisy = an_output(cosine=None, sqnr_db=-100.0, max_abs=1e-9)
    near = an_output(cosine=0.999, sqnr_db=45.0, max_abs=0.1)
    assert "45.0 dB above the noise" in an_outcome(FASTER, accuracy=an_accuracy(None, noisy, near)).verdict


def test_what_was_measured_on_noise_means_nothing() -> None:
    found = an_outcome(FASTER, accuracy=an_accuracy(labelled(8, 0, 2000), meaningless=True))
    assert found.verdict.endswith("; what it answers means nothing, since it was calibrated with noise.")
    assert "top-1" not in found.verdict


def test_a_version_that_gives_no_numbers_cannot_be_used() -> None:
    outputs = an_output("boxes"), an_output("log\x1b[2Jits", BROKEN_DB)
    found = an_outcome(FASTER, accuracy=an_accuracy(labelled(8, 0, 2000), *outputs))
    assert found.verdict.endswith("but its output log\\x1b[2Jits holds NaN or infinities: it cannot be used.")
    told = row(found, "outputs")
    assert (told.change, told.better) == ("cannot be used, of log\\x1b[2Jits", False)


def test_what_was_not_looked_at_is_said() -> None:
    assert an_outcome().verdict == "INT8 is 4.00 × smaller; how accurate it is was not looked at."


def test_fp16_on_disk_is_called_what_it_is() -> None:
    found = an_outcome(SAME, recipe=Recipe(method="fp16"), version=a_model("v", bytes=50_000_000))
    assert found.verdict.startswith("FP16 is as fast as its parent in latency (within ±2 %), 2.00 × smaller;")


@pytest.mark.parametrize(
    ("bytes_", "text"),
    [(100_100_000, "as large as its parent"), (110_000_000, "10 % larger"), (96_000_000, "4.0 % smaller")],
)
def test_a_version_that_is_no_smaller_is_not_called_so(bytes_: int, text: str) -> None:
    assert f"INT8 is {text};" in an_outcome(version=a_model("v", bytes=bytes_)).verdict


def test_without_a_version_there_is_only_why() -> None:
    failed = an_outcome(status="failed", version=None, error="There is\x07 no data.")
    assert failed.verdict == "No version was made: There is\\x07 no data."
    assert (failed.size_ratio, failed.figures) == (None, ())
    assert an_outcome(status="cancelled", version=None).verdict.endswith("the optimization was cancelled.")
    assert an_outcome(status="running", version=None).verdict == "The version is still being made."


def test_where_it_is_undecided_and_where_it_is_the_same_is_told_too() -> None:
    assert an_outcome(SAME, OPEN).verdict.startswith(
        "INT8 is as fast as its parent in latency (within ±2 %), not known to be faster or slower in throughput "
        "(about 20 s more would decide), 4.00 × smaller;"
    )


# The figures


def test_there_is_a_row_for_each_thing_that_is_known() -> None:
    found = an_outcome(
        FASTER, a_paired_result(1.93), accuracy=an_accuracy(labelled(8, 0, 2000), an_output(same=(1980, 2000)))
    )
    assert [figure.title for figure in found.figures] == [
        "size on disk", "throughput, FPS", "latency p50, ms", "latency p99, ms", "compile, ms", "peak memory, MB",
        "top-1", "same top-1", "cosine", "signal to noise",
    ]  # fmt: skip


def test_speed_has_the_ratio_of_the_duel_with_its_interval() -> None:
    found = row(an_outcome(None, FASTER), "throughput, FPS")
    assert found == Figure("throughput, FPS", "100.0 ±1.0 %", "183.0 ±1.0 %", "1.83 × faster (1.79–1.87)", True)
    assert row(an_outcome(None, SLOWER), "throughput, FPS").better is False
    undecided = row(an_outcome(None, OPEN), "throughput, FPS")
    assert (undecided.change, undecided.better) == ("undecided: about 20 s more would decide", None)


def test_a_high_percentile_is_better_only_where_intervals_lie_apart() -> None:
    study = a_comparison("latency", FASTER)
    runs = both_runs("latency")
    assert row(outcome(an_optimization(), study, None, runs), "latency p99, ms").better is None


@pytest.mark.parametrize(("high", "better"), [(11.9, True), (12.5, None), (None, None)])
def test_a_weak_percentile_counts_with_its_interval(high: float | None, better: bool | None) -> None:
    """The parent's p99 is 12.5 ms at the least."""
    runs = both_runs("latency")
    latencies = WEAK, replace(WEAK, p99=11.0, ci95={"p99": (10.0, high)})
    for run_id, latency in zip(("latency-a", "latency-b"), latencies, strict=True):
        runs[run_id] = replace(runs[run_id], result=replace(a_result(), latency_ms=latency))
    found = outcome(an_optimization(), a_comparison("latency", FASTER), None, runs)
    shown = row(found, "latency p99, ms")
    assert (shown.parent[:6], shown.version[:6], shown.better, shown.weak) == ("≈15.00", "≈11.00", better, True)
    assert weak_means(found.figures).startswith("≈ rough value")


def test_memory_and_compile_time_count_from_a_tenth_on() -> None:
    study = a_comparison("latency", FASTER)
    found = outcome(an_optimization(), study, None, both_runs("latency", compile_ms=380.0, peak_rss_mb=150.0))
    assert row(found, "compile, ms")[3:5] == ("5.0 % less", None)
    assert row(found, "peak memory, MB")[3:5] == ("2.00 × less", True)
    worse = outcome(an_optimization(), study, None, both_runs("latency", compile_ms=900.0))
    assert row(worse, "compile, ms")[3:5] == ("2.25 × more", False)


@pytest.mark.parametrize(
    ("lost", "gained", "change", "better"),
    [
        (8, 0, "0.4 points less (0.2–0.79)", False),
        (0, 8, "0.4 points more (0.2–0.79)", True),
        (3, 2, "0.05 points less (−0.23 to 0.35)", None),
        (1, 1, "no change (−0.24 to 0.24)", None),
    ],
)
def test_a_drop_is_worse_only_when_it_is_sure(lost: int, gained: int, change: str, better: bool | None) -> None:
    found = row(an_outcome(accuracy=an_accuracy(labelled(lost, gained, 2000))), "top-1")
    assert (found.change, found.better) == (change, better)


def test_five_guesses_have_a_row_where_they_are_known() -> None:
    import msgspec

    both = msgspec.structs.replace(
        labelled(8, 0, 2000), parent_top5=proportion(1990, 2000), version_top5=proportion(1988, 2000)
    )
    assert row(an_outcome(accuracy=an_accuracy(both)), "top-5") == Figure(
        "top-5", "99.5 %", "99.4 %", "0.1 points less", None
    )


def test_on_noise_there_is_no_top_1() -> None:
    found = an_outcome(accuracy=an_accuracy(labelled(8, 0, 2000), meaningless=True))
    assert [figure.title for figure in found.figures if figure.change == "on noise"] == ["cosine", "signal to noise"]
    assert "top-1" not in [figure.title for figure in found.figures]


def test_runs_that_are_gone_leave_no_rows() -> None:
    found = outcome(an_optimization(), a_comparison("latency", FASTER), None, {})
    assert [figure.title for figure in found.figures] == ["size on disk"]
    assert found.latency == FASTER


def test_the_ratio_of_sizes_is_above_1_for_a_smaller_version() -> None:
    assert an_outcome().size_ratio == PARENT.bytes / VERSION.bytes == 4.0


@given(
    st.integers(0, 300), st.integers(0, 300), st.integers(0, 2000),
    st.sampled_from([None, FASTER, SLOWER, SAME, OPEN, PairedResult(verdict="undecided")]),
    st.sampled_from([None, FASTER, SLOWER, SAME, OPEN]),
)  # fmt: skip
def test_whatever_comes_out_there_is_one_line_that_ends_as_a_sentence(
    lost: int, gained: int, more: int, latency: PairedResult | None, throughput: PairedResult | None
) -> None:
    of = lost + gained + more
    accuracy = an_accuracy(labelled(lost, gained, of)) if of else an_accuracy(samples=0)
    verdict = an_outcome(latency, throughput, accuracy=accuracy).verdict
    assert verdict.endswith(".") and ".." not in verdict and "\n" not in verdict and "  " not in verdict
    assert ("loses" in verdict) == (lost > gained)
