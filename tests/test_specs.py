"""What a person may say, and what is said to what they may not."""

from __future__ import annotations

from pathlib import Path

import pytest

from ovtui import specs
from ovtui.errors import InputError
from ovtui.records import Data, Spec, Stop


@pytest.mark.parametrize(("text", "value"), [("", None), ("auto", None), (" 4 ", 4), ("1024", 1024)])
def test_a_count_is_a_number_or_the_devices_choice(text: str, value: int | None) -> None:
    assert specs.count("streams", text) == value


@pytest.mark.parametrize("text", ["0", "-1", "1.5", "1025", "many", "１", "9" * 40])
def test_a_wrong_count_is_said_with_its_range(text: str) -> None:
    with pytest.raises(InputError, match="is not a whole number from 1 to 1,024"):
        specs.count("streams", text)


@pytest.mark.parametrize(("text", "share"), [("1%", 0.01), ("0.01", 0.01), (" .5 % ", 0.005), ("99%", 0.99)])
def test_a_confidence_may_be_a_percentage_or_a_share(text: str, share: float) -> None:
    assert specs.percent(text) == pytest.approx(share)


@pytest.mark.parametrize("text", ["0", "1", "100%", "-1%", "x", "", "1 percent"])
def test_a_wrong_confidence_is_refused(text: str) -> None:
    with pytest.raises(InputError, match="between 0 and 100 %"):
        specs.percent(text)


@pytest.mark.parametrize("text", ["nan", "inf", "0", "1e9", "soon"])
def test_a_time_that_cannot_be_waited_for_is_refused(text: str) -> None:
    with pytest.raises(InputError, match=r"seconds from 0\.1 to 86,400"):
        specs.seconds(text)


@pytest.mark.parametrize("text", ["0", "-5", "1.5", "10000000000"])
def test_a_wrong_number_of_inferences_is_refused(text: str) -> None:
    with pytest.raises(InputError):
        specs.iterations(text)


def test_numbers_may_have_brackets() -> None:
    assert specs.numbers("[1, 2.5,-3]") == (1.0, 2.5, -3.0)
    with pytest.raises(InputError):
        specs.numbers("1,nan")


def test_data_names_its_input_unless_the_path_has_the_sign(tmp_path: Path) -> None:
    odd = tmp_path / "a=b.npy"
    odd.touch()
    assert specs.data([str(odd), f"ids={odd}"]) == (Data(path=str(odd)), Data(path=str(odd), input="ids"))
    with pytest.raises(InputError, match="does not exist"):
        specs.data([str(tmp_path / "none.npy")])


def test_one_stop_rule_at_most() -> None:
    assert specs.stop(None, None, None) == Stop()
    assert specs.stop(3.0, None, None) == Stop(kind="seconds", seconds=3.0)
    assert specs.stop(None, 5, None) == Stop(kind="iterations", iterations=5)
    with pytest.raises(InputError, match="only one"):
        specs.stop(3.0, 5, None)


def test_settings_that_contradict_each_other_are_refused() -> None:
    for wrong in (Spec(model="", mode="server"), Spec(model="", rate=5.0)):
        with pytest.raises(InputError, match="needs --rate"):
            specs.check(wrong)
    with pytest.raises(InputError, match="would see too few"):
        specs.check(Spec(model="", mode="server", rate=0.01, stop=Stop(kind="seconds", seconds=10)))
    specs.check(Spec(model="", mode="server", rate=5.0))
