"""Where things live: the data folder, its database, the jobs' folders, the versions that were made."""

from __future__ import annotations

import contextlib
import os
from pathlib import Path

from ovtui.errors import InputError
from ovtui.sanitize import plain


def home() -> Path:
    """The data folder: `OVTUI_HOME` if set, else the platform's user data folder. It may not exist yet.

    InputError where there is no home directory, as for a user id without an entry in passwd, or no working folder.
    """
    told = os.environ.get("OVTUI_HOME")
    if told:
        return _absolute(told)
    import platformdirs

    # Some versions raise, others leave the `~` where it is.
    with contextlib.suppress(RuntimeError):
        folder = Path(platformdirs.user_data_dir("ovtui", appauthor=False))
        if folder.is_absolute():
            return folder
    raise InputError("There is no home directory here that could hold the data: set OVTUI_HOME to a folder.")


def _absolute(told: str) -> Path:
    path = Path(os.path.expanduser(told))  # noqa: PTH111 (it leaves an unknown user's ~ as it is)
    if path.parts[:1] == ("~",):
        raise InputError(f"There is no home directory here for the ~ of OVTUI_HOME={plain(told)}: write a whole path.")
    try:
        return path.absolute()
    except OSError as error:
        raise InputError(
            f"The working folder is gone, and OVTUI_HOME={plain(told)} begins there: set it to a whole path."
        ) from error


def for_jobs() -> dict[str, str]:
    """The environment of a process that works in another folder: places that begin in this one, as whole paths."""
    whole = {"OVTUI_HOME": str(home())}
    if lock := os.environ.get("OVTUI_LOCK"):
        whole["OVTUI_LOCK"] = os.path.abspath(lock)  # noqa: PTH100 (not resolved: a link in its place is refused)
    return os.environ | whole


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
