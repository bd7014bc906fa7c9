"""`ovtui serve`: the app in a browser."""

from __future__ import annotations

import ipaddress
import shlex
import socket
import sys

import click

from ovtui import paths
from ovtui.errors import InputError
from ovtui.sanitize import plain


@click.command()
@click.option("--host", default="127.0.0.1", show_default=True, help="Where to listen.")
@click.option("-p", "--port", type=click.IntRange(1, 65535), default=8000, show_default=True)
@click.option("--public-url", help="The address that browsers use, behind a proxy of yours.")
def command(host: str, port: int, public_url: str | None) -> None:
    """Show the app in a browser; Ctrl-C ends it, and runs go on.

    There is no password: whoever reaches the port can measure, and read files. So it listens on this machine only; from
    another one, go through SSH: `ssh -L 8000:127.0.0.1:8000 HOST`. --host opens it to a network.
    """
    try:
        from textual_serve.server import Server
    except ImportError as error:
        raise InputError("This needs an extra part: pip install 'ovtui[serve]'") from error
    paths.home()  # else each browser would be shown why there is none
    if not _loopback(host):
        click.echo(f"ovtui: anybody who reaches {plain(host)}:{port} can use this app, without a password.", err=True)
    app = shlex.join([sys.executable, "-m", "ovtui"])
    try:
        # Before the server says that it serves.
        family = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0][0]
        socket.create_server((host, port), family=family).close()
        Server(app, host=host, port=port, title="ovtui", public_url=public_url or _address(host, port)).serve()
    except UnicodeError as error:
        raise InputError(f"Cannot listen on {plain(host)}:{port}: that is no name of a machine.") from error
    except OSError as error:
        why = (error.strerror or str(error)).partition(" (while")[0]  # asyncio and socket name the address again
        raise InputError(f"Cannot listen on {plain(host)}:{port}: {why}.") from error


def _address(host: str, port: int) -> str | None:
    """Of an IPv6 address, which the server would put into its page without brackets; else it finds its own."""
    return f"http://[{host}]:{port}" if ":" in host else None


def _loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
