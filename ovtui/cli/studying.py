"""Comparisons and explorations on the command line: leave them to themselves, or follow them to their end."""

from __future__ import annotations

from collections.abc import Callable

import click

from ovtui.cli.follow import Display, follow
from ovtui.cli.output import document
from ovtui.engine import client
from ovtui.engine.events import Ended


def left_alone(job: client.Job, *, as_json: bool) -> int:
    """Print the job's id and what to do with it; the exit status."""
    if as_json:
        document({"id": job.id, "status": "queued"})
    else:
        click.echo(job.id)
        click.echo(
            f"It goes on without you: `ovtui attach {job.id}` watches it, `ovtui cancel {job.id}` ends it.", err=True
        )
    return 0


async def followed(job: client.Job, shown: Display, finish: Callable[[Ended], object]) -> int:
    """Show a job of one's own until it ends, and print what was found; the exit status."""
    client.yield_to_measurement()
    try:
        end = await follow(job, shown, own=True)
    finally:
        shown.close()
    finish(end.ended)
    return end.exit_code
