"""What you type: parse, call, print. Commands are imported when they are used, so that `ovtui history` is quick."""

from __future__ import annotations

import difflib
import importlib
import os
import sys
from collections.abc import Callable
from typing import NoReturn, TypeAlias

import click

import ovtui
from ovtui.cli.output import document_of_error, fail
from ovtui.errors import OvtuiError, sentence
from ovtui.sanitize import plain

App: TypeAlias = Callable[[str], int]

_COMMANDS = {
    "demo": ("demo", "Try it: measure a built-in model both ways."),
    "import": ("import_", "Check a model file and register it."),
    "models": ("models", "What is registered."),
    "run": ("run", "Measure a model."),
    "attach": ("attach", "Watch a run that is going on, from any terminal."),
    "cancel": ("cancel", "End a run and keep what was measured."),
    "explore": ("explore", "Find the best batch and streams, or the highest arrival rate."),
    "compare": ("compare", "Whether B is really faster than A, and why."),
    "optimize": ("optimize", "Make it smaller and faster, and know what it cost."),
    "layers": ("layers", "Where the time of a run goes."),
    "graph": ("graph", "The graph that the device runs, or the model's own."),
    "history": ("history", "What was measured."),
    "label": ("label", "Give a run a name, or take it away."),
    "delete": ("delete", "Remove runs and what they measured."),
    "export": ("export", "Write a report, or a bundle to take along."),
    "serve": ("serve", "The app in a browser, on this machine only unless told otherwise."),
    "doctor": ("doctor", "What this machine can do, and what is missing."),
}


class _Lazy(click.Group):
    """A group whose commands are modules."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(_COMMANDS)

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """What is no command is a model to open the app on, if it can be one."""
        if args[0] not in _COMMANDS and not args[0].startswith("-") and len(args) == 1:
            return "app", _open_on(args[0]), args
        return super().resolve_command(ctx, args)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in _COMMANDS:
            return None
        module = importlib.import_module(f"ovtui.cli.commands.{_COMMANDS[cmd_name][0]}")
        command: click.Command = module.command
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl([(name, text) for name, (_, text) in _COMMANDS.items()])


def _open_on(text: str) -> click.Command:
    """The command that shows the app on `text`; click.UsageError when that is neither a file nor a model."""
    from ovtui.specs import expanded
    from ovtui.store import open_store

    path = expanded(text)
    if not os.path.lexists(path):
        with open_store(readonly=True) as store:
            if not store.models.find(text):
                close = difflib.get_close_matches(text, _COMMANDS, 1)
                hint = f" Did you mean `ovtui {close[0]}`?" if close else " `ovtui --help` lists the commands."
                raise click.UsageError(f"'{plain(text, 100)}' is no command, no file and no registered model.{hint}")
    return click.Command("app", params=[click.Argument(["model"])], callback=_app)


def _app(model: str) -> int:
    app: App = click.get_current_context().obj
    return app(model)


@click.group(cls=_Lazy, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.version_option(ovtui.__version__, prog_name="ovtui")
def cli() -> None:
    """Measure and tune OpenVINO models in a terminal.

    `ovtui` alone shows the app, `ovtui MODEL` the app on a model. Without it, begin with `ovtui demo`, or with
    `ovtui run MODEL` on a file of yours: OpenVINO IR, ONNX, TensorFlow, TFLite or PaddlePaddle.

    Exit status: 0 done, 1 the job failed, 2 bad usage or bad input, 3 cancelled, 130 interrupted.
    """


def main(app: App) -> NoReturn:
    """Do what the arguments say; errors become one sentence and an exit status. `app` shows the app on a model."""
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            # A terminal that cannot show a character gets an escape instead of a traceback.
            stream.reconfigure(errors="backslashreplace")
    try:
        if any(not _is_text(argument) for argument in sys.argv):
            raise click.UsageError("The arguments are not valid UTF-8.")
        status = cli.main(standalone_mode=False, obj=app)
    except click.exceptions.Abort:
        sys.exit(130)
    except click.ClickException as error:
        error.show()
        document_of_error(error.format_message())
        sys.exit(error.exit_code)
    except OvtuiError as error:
        fail(error)
        sys.exit(error.exit_code)
    except KeyboardInterrupt:
        sys.exit(130)
    except Exception as error:  # noqa: BLE001 - the outermost door
        fail(OvtuiError(f"Unexpected: {sentence(error)} {_logged()}"))
        sys.exit(1)
    sys.exit(status if isinstance(status, int) else 0)


def _is_text(argument: str) -> bool:
    try:
        argument.encode()
    except UnicodeEncodeError:
        return False
    return True


def _logged() -> str:
    """Keep the traceback of what nobody expected, and say where."""
    import tempfile
    import traceback

    try:
        with tempfile.NamedTemporaryFile("w", prefix="ovtui-error-", suffix=".log", delete=False) as file:
            traceback.print_exc(file=file)
    except OSError:
        return "It could not be logged."
    return f"The log is {file.name}."
