"""Comparisons and explorations on the command line: leave them to themselves, or follow them to their end."""

from __future__ import annotations

import os
from collections.abc import Callable

import click

from ovtui.cli.finish import finish
from ovtui.cli.follow import Display, follow
from ovtui.cli.output import document
from ovtui.cli.spec_options import given_on_the_line
from ovtui.engine import client
from ovtui.engine.events import Ended
from ovtui.engine.reconcile import reconcile
from ovtui.specs import expanded
from ovtui.store import OneStudy, open_store


def left_alone(job: client.Job, *, as_json: bool) -> int:
    """Print the job's id and what to do with it; the exit status."""
    if as_json:
        document({"id": job.id, "status": "queued"})
    else:
        told_alone(job)
    return 0


def told_alone(job: client.Job) -> None:
    """Print the id, what it waits for, and what can be done with it."""
    click.echo(job.id)
    others = [each for each in client.jobs() if each.id != job.id and each.kind != "import" and not each.is_part]
    for other in others[:1]:
        click.echo(f"It is queued behind {other.kind} {other.id}.", err=True)
    click.echo(
        f"It goes on without you: `ovtui attach {job.id}` watches it, `ovtui cancel {job.id}` ends it.", err=True
    )


async def followed(job: client.Job, shown: Display, show: Callable[[Ended], object]) -> int:
    """Show a job of one's own until it ends, and print what was found; the exit status."""
    client.yield_to_measurement()
    try:
        end = await follow(job, shown, own=True)
    finally:
        shown.close()
    show(end.ended)
    return end.exit_code


def shows_earlier(text: str, kind: type[OneStudy], *, as_json: bool) -> bool:
    """Where `text` means an earlier study, and neither a file nor a model: print that one; whether it did."""
    if given_on_the_line() - {"model", "as_json", "quiet"} or os.path.lexists(expanded(text)):
        return False
    with open_store() as store:
        reconcile(store)
        studies = store.studies.of(kind)
        if store.models.find(text) or (text != "last" and not studies.named(text)):
            return False
        found = studies.find(text)
    finish(kind, found.id, None, as_json=as_json)
    return True
