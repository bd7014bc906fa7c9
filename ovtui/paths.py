"""Where things live: the data folder, its database, the jobs' folders, the versions that were made."""

from __future__ import annotations

import os
from pathlib import Path


def home() -> Path:
    """The data folder: `OVTUI_HOME` if set, else the platform's user data folder. It may not exist yet."""
    told = os.environ.get("OVTUI_HOME")
    if told:
        return Path(os.path.expanduser(told)).absolute()  # noqa: PTH111 (it leaves an unknown user's ~ as it is)
    import platformdirs

    return Path(platformdirs.user_data_dir("ovtui", appauthor=False))


def database() -> Path:
    """The SQLite file."""
    return home() / "ovtui.db"


def jobs() -> Path:
    """The folder that holds a folder for each job."""
    return home() / "jobs"


def versions() -> Path:
    """The folder that holds a folder for each version that was made."""
    return home() / "versions"


def converted(digest: str) -> Path:
    """The IR of a model that OpenVINO can only read when it knows shapes; `digest` is of its content and of these."""
    return home() / "converted" / digest / "model.xml"


def unfinished(job_id: str) -> Path:
    """Where a job makes a version until it is whole."""
    return versions() / f".{job_id}"
