"""A file that OpenVINO can only read with shapes: the app asks for them, once reading has failed."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper
from textual.widgets import Input

from ovtui.store import Store
from ovtui.tui.widgets.formline import FormLine
from tests.tui.conftest import Opened, screen_name, shows, until


async def test_a_file_that_does_not_say_its_shape_is_read_with_the_one_that_is_typed(
    open_app: Opened, store: Store, tmp_path: Path
) -> None:
    x = helper.make_tensor_value_info("x", TensorProto.FLOAT, None)
    y = helper.make_tensor_value_info("y", TensorProto.FLOAT, None)
    kernel = numpy_helper.from_array(np.ones((8, 3, 3, 3), np.float32), "w")
    graph = helper.make_graph([helper.make_node("Conv", ["x", "w"], ["y"])], "g", [x], [y], [kernel])
    path = tmp_path / "conv.onnx"
    onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=9), path)
    async with open_app() as pilot:
        await pilot.press("i")
        await until(pilot, lambda: screen_name(pilot) == "ImportScreen")
        line = pilot.app.screen.query_one("#asked-shape", FormLine)
        assert not pilot.app.screen.query_one("#retry").display
        pilot.app.screen.query_one("#path", Input).value = str(path)
        await pilot.press("enter")
        await shows(pilot, "does not say how many dimensions")
        assert pilot.app.screen.query_one("#retry").display
        await pilot.press("down")
        line.value = "x[1,3,10,10]"
        await pilot.press("enter")
        await shows(pilot, "1 Convolution")
    (model,) = store.models.all()
    assert model.inputs[0].stated == (1, 3, 10, 10)
    assert model.readable != model.path and Path(model.readable).exists()
