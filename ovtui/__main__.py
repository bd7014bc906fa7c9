"""The door, `ovtui` and `python -m ovtui` alike. `ovtui` alone goes straight to the app: parsing takes time to load."""

from __future__ import annotations

import sys
from typing import NoReturn


def main() -> NoReturn:
    """The console script."""
    if len(sys.argv) > 1:
        from ovtui import cli

        cli.main(_app)
    from ovtui.errors import OvtuiError
    from ovtui.sanitize import plain

    try:
        sys.exit(_app())
    except OvtuiError as error:
        print(f"ovtui: {plain(error)}", file=sys.stderr)
        sys.exit(error.exit_code)


def _app(model: str | None = None) -> int:
    from ovtui.tui.start import start

    return start(model)


if __name__ == "__main__":
    main()
