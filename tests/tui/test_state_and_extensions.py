"""What a model brings of its own: state in the form, a library in the import."""

from __future__ import annotations

from pathlib import Path

import msgspec
from textual.widgets import Input

from ovtui.store import Store
from ovtui.tui.widgets.choice import Choice
from ovtui.tui.widgets.formline import FormLine
from tests.engine.test_extensions import library, own
from tests.store.samples import a_model
from tests.tui.conftest import Opened, screen_name, shows, until
from tests.tui.test_journeys import devices_are_known

__all__ = ["devices_are_known", "library", "own"]  # fixtures


async def test_the_form_of_a_model_with_state_can_keep_it(open_app: Opened, store: Store) -> None:
    store.models.save(msgspec.structs.replace(a_model(), states=2))
    async with open_app() as pilot:
        await pilot.press("enter")
        await until(pilot, lambda: screen_name(pilot) == "ConfigureScreen")
        choice = pilot.app.screen.query_one("#state", Choice)
        assert choice.display
        choice.scroll_visible()
        pilot.app.screen.query_one("#inputs-part").fold(False)  # type: ignore[attr-defined]
        choice.focus()
        await pilot.press("right")
        await shows(pilot, "--keep-state")
        await pilot.press("left")
        await until(pilot, lambda: "--keep-state" not in pilot.app.screen._command)  # type: ignore[attr-defined]


async def test_the_form_of_another_model_asks_nothing_of_state(open_app: Opened, store: Store) -> None:
    store.models.save(a_model())
    async with open_app() as pilot:
        await pilot.press("enter")
        await until(pilot, lambda: screen_name(pilot) == "ConfigureScreen")
        assert not pilot.app.screen.query_one("#state").display


async def test_a_model_that_lacks_its_library_asks_for_it(
    open_app: Opened, store: Store, own: Path, library: Path
) -> None:
    async with open_app() as pilot:
        await pilot.press("i")
        await until(pilot, lambda: screen_name(pilot) == "ImportScreen")
        line = pilot.app.screen.query_one("#extension", FormLine)
        assert not pilot.app.screen.query_one("#retry").display
        pilot.app.screen.query_one("#path", Input).value = str(own)
        await pilot.press("enter")
        await shows(pilot, "Triple is an operation of an extension")
        assert pilot.app.screen.query_one("#retry").display
        await pilot.press("down")
        line.value = str(library)
        await pilot.press("enter")
        await shows(pilot, "1 Triple")
        await shows(pilot, "its code runs")
    (model,) = store.models.all()
    assert [each.path for each in model.extensions] == [str(library)]
