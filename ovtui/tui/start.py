"""The door to the app: is this a terminal it can use, and what is left behind when it ends."""

from __future__ import annotations

import os
import sys

from ovtui.errors import InputError


def start(model: str | None = None) -> int:
    """Run the app, opened on `model` if one is named; the exit status. InputError where it cannot be shown."""
    check_terminal()
    from ovtui.store import open_store
    from ovtui.tui.app import OvtuiApp

    with open_store() as store:
        app = OvtuiApp(store, model=model)
        app.run()
    return app.return_code or 0


def check_terminal() -> None:
    """InputError unless stdin and stdout are a terminal that can be drawn on."""
    if "web_driver" in os.environ.get("TEXTUAL_DRIVER", ""):
        return  # `ovtui serve`: the browser is the terminal
    headless = "Without one: `ovtui run MODEL`, with --json for scripts."
    if not (sys.stdin and sys.stdin.isatty() and sys.stdout and sys.stdout.isatty()):
        raise InputError(f"The app needs a terminal, and stdin or stdout is none. {headless}")
    term = os.environ.get("TERM", "")
    if term in ("", "dumb", "unknown"):
        raise InputError(f"The app needs a terminal that can be drawn on, and TERM is '{term}'. {headless}")
    encoding = (sys.stdout.encoding or "").lower().replace("-", "")
    if encoding != "utf8":
        raise InputError(
            f"The app needs a terminal in UTF-8, and this one is set to {encoding or 'nothing'}: "
            f"LANG=C.UTF-8 ovtui. {headless}"
        )
