"""`ovtui attach`: watch a run that is going on, from any terminal."""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path
from typing import Any

import click

from ovtui.cli.finish import finish
from ovtui.cli.follow import EXIT, display, follow
from ovtui.cli.output import json_option
from ovtui.engine import client
from ovtui.engine.reconcile import reconcile
from ovtui.errors import InputError
from ovtui.kinds import KINDS
from ovtui.records import LIVE
from ovtui.store import open_store


@click.command()
@click.argument("run", required=False)
@click.option("-q", "--quiet", is_flag=True, help="No progress on stderr.")
@json_option
def command(run: str | None, quiet: bool, as_json: bool) -> None:
    """Follow RUN or a study (default: what goes on now) until it ends, and print its result.

    Ctrl-C stops watching; the run goes on.
    """
    with open_store() as store:
        reconcile(store)
        if run is None:
            live = [job for job in store.jobs.live() if job.kind != "import" and not job.is_part]
            if not live:
                raise InputError("Nothing is being measured. `ovtui history` lists what was.")
            run_id = next((job.id for job in live if job.status == "running"), live[0].id)
        else:
            run_id = store.find(run).id
        job = store.jobs.get(run_id)
        if job is not None and job.status in LIVE and job.is_part:
            run_id = Path(job.folder).name  # the optimization that makes this comparison tells of it
            job = store.jobs.get(run_id)
    followed = None
    if job is not None and job.status in LIVE:
        client.yield_to_measurement()
        shown = display(quiet)
        try:
            followed = asyncio.run(follow(client.attach(run_id), shown, own=False))
        finally:
            shown.close()
    if job is None:
        raise InputError(f"{run_id} has just been deleted.")
    record: Any = KINDS[job.kind].record
    ended = finish(record, run_id, followed and followed.ended, as_json=as_json)
    sys.exit(followed.exit_code if followed else EXIT[ended.status])
