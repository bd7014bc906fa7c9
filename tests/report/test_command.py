"""The command line that is shown for a spec measures that spec."""

from __future__ import annotations

import shlex
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ovtui.cli.commands.run import command, spec_of
from ovtui.records import Data, Images, Spec, Stop
from ovtui.report.command import run_arguments, run_command, used

HERE = str(Path(__file__).absolute())
NOT_OF_THE_SPEC = ("model", "preset", "save_preset", "label", "detach", "quiet", "as_json")

names = (
    st.text(st.characters(codec="utf-8", exclude_characters="\x00[]="), min_size=1, max_size=12)
    .map(str.strip)
    .filter(bool)
)
numbers = st.floats(-1e6, 1e6, allow_nan=False).map(lambda x: float(f"{x:.6g}"))
lists = st.none() | st.lists(numbers, min_size=1, max_size=4).map(tuple)
stops = st.one_of(
    st.just(Stop()),
    st.floats(0.001, 0.5).map(lambda share: Stop(ci=share)),
    st.integers(1, 86_400).map(lambda seconds: Stop(kind="seconds", seconds=float(seconds))),
    st.integers(1, 10**9).map(lambda count: Stop(kind="iterations", iterations=count)),
)


@st.composite
def specs(draw: st.DrawFn) -> Spec:
    mode = draw(st.sampled_from(["latency", "throughput", "manual", "server"]))
    return Spec(
        model="",
        device=draw(st.sampled_from(["CPU", "GPU.1", "HETERO:GPU,CPU"])),
        mode=mode,
        api=draw(st.sampled_from(["threads", "async", "python"])),
        batch=draw(st.none() | st.integers(1, 65_536)),
        streams=draw(st.none() | st.integers(1, 1024)),
        threads=draw(st.none() | st.integers(1, 4096)),
        requests=draw(st.none() | st.integers(1, 1024)),
        rate=draw(st.integers(1, 10**6)) * 1.0 if mode == "server" else None,
        queue=draw(st.integers(1, 10**6)),
        stop=draw(stops),
        shapes=draw(st.dictionaries(names, st.lists(st.integers(1, 999), max_size=4).map(tuple), max_size=2)),
        layouts=draw(st.dictionaries(names, st.sampled_from(["NCHW", "N...", "?C"]), max_size=2)),
        data=draw(st.sampled_from([(), (Data(path=HERE),), (Data(path=HERE, input="ids"),)])),
        images=Images(mean=draw(lists), scale=draw(lists), channels=draw(st.sampled_from([None, "rgb", "bgr"]))),
        seed=draw(st.integers(0, 2**32)),
        precision=draw(st.sampled_from([None, "f32", "bf16", "f16"])),
        properties=draw(st.dictionaries(st.sampled_from(["A_KEY", "B"]), names, max_size=2)),
        profile=draw(st.booleans()),
    )


@given(specs())
def test_what_is_shown_is_parsed_back_to_the_same_spec(spec: Spec) -> None:
    words = run_arguments("a model", spec, "label")
    assert words[:3] == ["ovtui", "run", "a model"]
    with command.make_context("run", words[2:]) as context:
        given = {name: value for name, value in context.params.items() if name not in NOT_OF_THE_SPEC}
        assert spec_of(**given) == used(spec)
    assert context.params["label"] == "label"


def test_it_can_be_pasted_into_a_shell() -> None:
    line = run_command("it's; rm -rf /", Spec(model="", properties={"A": "$(reboot)"}))
    assert shlex.split(line) == ["ovtui", "run", "it's; rm -rf /", "--property", "A=$(reboot)"]


@pytest.mark.parametrize("spec", [Spec(model="x"), Spec(model="")])
def test_defaults_are_not_spelled_out(spec: Spec) -> None:
    assert run_command("net", spec) == "ovtui run net"
