"""Presets, labels, deleting and serving from the command line."""

from __future__ import annotations

import asyncio
import re
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.conftest import Ovtui


def test_a_preset_is_the_beginning_and_the_command_line_has_the_last_word(ovtui: Ovtui, mlp: Path) -> None:
    saved = ovtui("run", mlp, "--mode", "throughput", "-b", "2", "-t", "0.3", "--save-preset", "mine", "--json", "-q")
    assert saved.json["run"]["spec"]["batch"] == 2
    again = ovtui("run", mlp, "--preset", "mine", "-b", "4", "--json", "-q").json["run"]
    assert again["spec"]["mode"] == "throughput"
    assert again["spec"]["batch"] == 4
    assert again["spec"]["stop"]["seconds"] == 0.3
    missing = ovtui("run", mlp, "--preset", "yours")
    assert missing.code == 2
    assert "There is no preset 'yours'; there is mine." in missing.err


def test_a_run_is_labelled_found_by_it_and_deleted(ovtui: Ovtui, mlp: Path) -> None:
    run_id = ovtui("run", mlp, "-t", "0.3", "--json", "-q").json["run"]["id"]
    assert ovtui("label", run_id, "nightly", "--json").json["run"]["label"] == "nightly"
    refused = ovtui("delete", "nightly")
    assert refused.code == 2
    assert "say --yes" in refused.err
    assert ovtui("delete", "nightly", "--yes", "--json").json["deleted"] == [run_id]
    assert ovtui("history", "--json").json["runs"] == []


@contextmanager
def serving(host: str) -> Iterator[tuple[subprocess.Popen[bytes], int]]:
    """`ovtui serve` and its port, once it answers."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family) as probe:
        probe.bind((host, 0))
        port = probe.getsockname()[1]
    address = f"[{host}]" if ":" in host else host
    command = [sys.executable, "-m", "ovtui", "serve", "--host", host, "-p", str(port)]
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as served:
        try:
            deadline = time.monotonic() + 30
            while True:
                try:
                    page = _fetched(f"http://{address}:{port}/")
                    break
                except OSError:
                    assert time.monotonic() < deadline
                    time.sleep(0.2)
            assert "ovtui" in page
            (script,) = re.findall(r'<script src="([^"]+)"', page)
            assert script.startswith(f"http://{address}:{port}/")  # a browser takes no address without brackets
            assert _fetched(script)
            yield served, port
        finally:
            served.kill()


def _fetched(url: str) -> str:
    with urllib.request.urlopen(url, timeout=5) as answer:
        return str(answer.read().decode())


def test_the_app_is_served_on_loopback_only(home: Path) -> None:
    with serving("127.0.0.1") as (served, port):
        assert "Nothing here yet." in asyncio.run(_painted(port))
        import psutil

        listening = [c.laddr.ip for c in psutil.Process(served.pid).net_connections("tcp") if c.status == "LISTEN"]
        assert listening == ["127.0.0.1"]
        second = subprocess.run(
            [sys.executable, "-m", "ovtui", "serve", "-p", str(port)], capture_output=True, text=True, timeout=60,
            check=False,
        )  # fmt: skip
        assert second.returncode == 2
        assert f"Cannot listen on 127.0.0.1:{port}: Address already in use." in second.stderr


@pytest.mark.skipif(not socket.has_ipv6 or not Path("/proc/net/if_inet6").exists(), reason="no IPv6 here")
def test_the_app_is_served_on_the_other_loopback_too(home: Path) -> None:
    with serving("::1"):
        pass


def test_a_host_that_is_no_name_is_refused_in_a_sentence(ovtui: Ovtui) -> None:
    refused = ovtui("serve", "--host", "a..b")
    assert refused.code == 2
    assert "Cannot listen on a..b:8000" in refused.err


async def _painted(port: int) -> str:
    """What the browser would be told to draw."""
    import aiohttp

    seen = b""
    async with (
        aiohttp.ClientSession() as session,
        session.ws_connect(f"http://127.0.0.1:{port}/ws?width=80&height=24") as line,
    ):
        while b"Nothing here yet." not in seen:
            message = await line.receive(timeout=30)
            if message.type not in (aiohttp.WSMsgType.BINARY, aiohttp.WSMsgType.TEXT):
                break
            seen += message.data if isinstance(message.data, bytes) else message.data.encode()
    return seen.decode(errors="replace")


def test_the_part_that_serving_needs_is_named_where_it_is_missing(home: Path) -> None:
    program = (
        "import sys; sys.modules['textual_serve'] = None; sys.argv = ['ovtui', 'serve']\n"
        "from ovtui.__main__ import main\nmain()"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)
    assert done.returncode == 2
    assert "pip install 'ovtui[serve]'" in done.stderr
