"""What is typed into a filter."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ovtui.analysis.filtering import Term, complaint, parse, unfinished

TEXTS = {"model": "model", "mode": "mode"}
NUMBERS = {"fps": "throughput_fps", "p50": "p50_ms", "batch": "batch"}


def test_words_may_stand_anywhere() -> None:
    assert parse("ResNet cpu", TEXTS, NUMBERS) == [Term(None, ":", "resnet"), Term(None, ":", "cpu")]


def test_columns_can_be_named() -> None:
    assert parse("model:Res mode=latency", TEXTS, NUMBERS) == [Term("model", ":", "res"), Term("mode", "=", "latency")]


@pytest.mark.parametrize(
    ("typed", "found", "said"),
    [
        ("fps>abc", True, "'abc' is not a number"),
        ("fps>", True, ""),
        ("resnet fps>1k", False, ""),
        ("mode>latency", True, "mode has no order: write mode:latency"),
        ("bogus:1", False, "there is no column 'bogus'"),
        ("net:1", True, ""),  # a name with a colon
    ],
)
def test_what_is_wrong_with_a_term_is_said(typed: str, found: bool, said: str) -> None:
    assert complaint(typed, TEXTS, NUMBERS, found=found) == said


@pytest.mark.parametrize(
    ("typed", "operator", "number"),
    [
        ("fps>100", ">", 100),
        ("FPS>.5", ">", 0.5),
        ("fps<2k", "<", 2000),
        ("fps<2G", "<", 2e9),
        ("p50>800us", ">", 0.8),
        ("p50<5ms", "<", 5),
        ("p50<1.5s", "<", 1500),
        ("batch=4", "=", 4),
        ("batch:4", "=", 4),
    ],
)
def test_numbers_are_compared_and_may_have_a_unit(typed: str, operator: str, number: float) -> None:
    (term,) = parse(typed, TEXTS, NUMBERS)
    assert (term.operator, term.number) == (operator, pytest.approx(number))


@pytest.mark.parametrize(
    ("typed", "number"), [("p50>800", 800), ("p50>800us", 800), ("p50>.8ms", 800), ("p50>1s", 1e6)]
)
def test_a_columns_own_unit_may_be_another(typed: str, number: float) -> None:
    (term,) = parse(typed, TEXTS, NUMBERS, per_second=1e6)
    assert term.number == pytest.approx(number)


@pytest.mark.parametrize("half", ["fps>", "fps>x", "model:", ["p50<5", "parsecs"][0] + "parsec", "  "])
def test_half_a_term_holds_for_everything(half: str) -> None:
    assert parse(half, TEXTS, NUMBERS) == []


def test_a_word_that_says_nothing_is_named() -> None:
    def terms(typed: str) -> list[Term]:
        return parse(typed, TEXTS, NUMBERS)

    assert unfinished("resnet fps>100", terms) is None
    assert unfinished("resnet fps>x mode:", terms) == (
        "The filter 'fps>x' is not finished, or its number is none: time>50us does."
    )
    assert str(unfinished("fps>", terms, "fps>100")).endswith(": fps>100 does.")


def test_an_unknown_column_is_a_word() -> None:
    assert parse("https://x", TEXTS, NUMBERS) == [Term(None, ":", "https://x")]


@given(st.text(max_size=60))
def test_whatever_is_typed_is_taken(text: str) -> None:
    assert isinstance(parse(text, TEXTS, NUMBERS), list)
