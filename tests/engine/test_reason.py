"""Errors that OpenVINO 2026.4.1 raised for real, and the one line that is made of each: why, then which node."""

from __future__ import annotations

import json
import re
from pathlib import Path

import numpy as np
import pytest

from ovtui.engine.device.reason import reason
from tests import nets
from tests.conftest import Outcome, Ovtui

PROVOKED = json.loads((Path(__file__).parent / "openvino_errors.json").read_text())
SOURCES = re.compile(r"\.[ch]pp|Exception from|Check '|While validating|FrontEnd API")


@pytest.mark.parametrize("case", PROVOKED, ids=lambda case: case["provoked_by"])
def test_a_real_error_as_a_reason(case: dict[str, str]) -> None:
    assert reason(case["error"]) == case["reason"]


@pytest.mark.parametrize("case", PROVOKED, ids=lambda case: case["provoked_by"])
def test_no_reason_holds_sources_or_begins_with_the_node(case: dict[str, str]) -> None:
    said = reason(case["error"])
    assert not SOURCES.search(said)
    assert not re.match(r"(\[CPU\] )?(Node \S+ of type|\w+ node with name)", said)
    assert len(said) <= 300


WHILE_RUNNING = [case for case in PROVOKED if re.search("Node y of type|node with name 'y'", case["error"])]


@pytest.mark.parametrize("case", WHILE_RUNNING, ids=lambda case: case["provoked_by"])
def test_what_fails_while_it_runs_ends_with_its_node(case: dict[str, str]) -> None:
    assert re.search(r"^(?!Reference).+ \((?!Reference)\w+ 'y'\)\.$", reason(case["error"]))


def test_a_node_that_says_nothing_more_is_named_with_the_check_it_fails() -> None:
    error = (
        "Exception from src/plugins/intel_cpu/src/graph.cpp:1628:\nNode y of type TopK\n"
        "Check 'k < n' failed at src/plugins/intel_cpu/src/nodes/topk.cpp:7:\n"
    )
    assert reason(error) == "it fails OpenVINO's check k < n (TopK 'y')."
    assert reason("Node y of type TopK\n") == "OpenVINO gives no reason (TopK 'y')."


def test_a_name_with_quotes_and_words_of_the_pattern_stays_whole() -> None:
    error = "Node it's of type X of type GatherElements\nCheck 'a' failed at b/c.cpp:1:\nindices exceed data size"
    assert reason(error) == "indices exceed data size (GatherElements 'it's of type X')."


def run_with_indices(ovtui: Ovtui, folder: Path, *requests: int) -> Outcome:
    """A run whose requests read these rows of a table of four."""
    model = nets.gather_elements(folder / "gather.xml")
    np.save(folder / "i.npy", np.array(requests).reshape(-1, 1, 1).repeat(4, 1).repeat(5, 2))
    options = ("--mode", "manual", "--requests", len(requests), "--data", f"i={folder / 'i.npy'}")
    return ovtui("run", model, *options, "-t", "1", "--quiet")


def test_a_run_says_why_the_first_inference_failed_and_where(ovtui: Ovtui, tmp_path: Path) -> None:
    failed = run_with_indices(ovtui, tmp_path, 100)
    assert failed.code != 0
    assert "failed: indices values of GatherElement exceed data size (GatherElements 'y')." in failed.err


def test_a_reason_heard_while_measuring_stands_when_the_process_ends(ovtui: Ovtui, tmp_path: Path) -> None:
    """The first request, which is tried, works; the second one fails in the loop."""
    failed = run_with_indices(ovtui, tmp_path, 3, 100)
    assert failed.code == 1
    assert (
        "Inference failed while measuring: indices values of GatherElement exceed data size (GatherElements 'y')."
        in failed.err
    )
    assert "The process ended" not in failed.err
