"""Two questions: are you sure, and what is it called."""

from __future__ import annotations

from collections.abc import Callable
from typing import ClassVar

from rich.text import Text
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.screen import ModalScreen
from textual.widgets import Input, Static

from ovtui.errors import InputError
from ovtui.sanitize import plain
from ovtui.tui.widgets.field import Field


class ConfirmScreen(ModalScreen[bool]):
    """Yes or no; escape is no."""

    CSS_PATH = "modal.tcss"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("y,enter", "answer(True)", "Yes"),
        Binding("n,escape,q", "answer(False)", "No"),
    ]

    def __init__(self, question: str, yes: str) -> None:
        super().__init__()
        self._question, self._yes = question, yes

    def compose(self) -> ComposeResult:
        with Vertical(classes="box"):
            yield Static(Text(self._question))
            yield Static(Text.assemble(("y", "bold"), f"  {self._yes}     ", ("n", "bold"), "  no"), classes="hint")

    def action_answer(self, answer: bool) -> None:
        self.dismiss(answer)


class PromptScreen(ModalScreen[str | None]):
    """A line of text; None when it was not given. What `check` raises an InputError for is said, and can be mended."""

    CSS_PATH = "modal.tcss"
    BINDINGS: ClassVar[list[BindingType]] = [Binding("escape", "leave", "Leave")]

    def __init__(
        self,
        question: str,
        value: str = "",
        hint: str = "Enter takes it, Esc leaves it.",
        *,
        check: Callable[[str], object] = str,
    ) -> None:
        super().__init__()
        self._question, self._value, self._hint, self._check = question, value, hint, check

    def compose(self) -> ComposeResult:
        with Vertical(classes="box"):
            yield Static(Text(self._question))
            yield Field(self._value)
            yield Static(id="wrong", classes="problem")
            yield Static(Text(self._hint), classes="hint")

    def on_mount(self) -> None:
        self._complain("")

    def _complain(self, text: str) -> None:
        wrong = self.query_one("#wrong", Static)
        wrong.update(Text(plain(text)))
        wrong.display = bool(text)

    def on_input_changed(self, event: Input.Changed) -> None:
        event.stop()
        self._complain("")

    def on_input_submitted(self, event: Input.Submitted) -> None:
        event.stop()
        typed = event.value.strip()
        try:
            self._check(typed)
        except InputError as error:
            self._complain(str(error))
        else:
            self.dismiss(typed)

    def action_leave(self) -> None:
        self.dismiss(None)
