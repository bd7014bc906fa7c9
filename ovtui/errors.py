"""What can go wrong, as types: a sentence for people, a cause for the log."""

from __future__ import annotations

from typing import ClassVar, Literal


class OvtuiError(Exception):
    """Something failed; `str(error)` is one sentence a person can act on."""

    exit_code: ClassVar[int] = 1
    status: ClassVar[Literal["failed", "cancelled", "interrupted"]] = "failed"  # of the job it ends


class InputError(OvtuiError):
    """What the user gave cannot be used: a file, an option, a value."""

    exit_code = 2


class StoreError(OvtuiError):
    """The data folder or its database cannot be used."""


class Cancelled(OvtuiError):
    """The work was ended on request."""

    exit_code = 3
    status = "cancelled"


class Interrupted(OvtuiError):
    """The work was killed from outside: by the operator, or by the system for want of memory."""

    exit_code = 130
    status = "interrupted"


def sentence(error: BaseException) -> str:
    """The error as one line that ends like a sentence, for messages that quote a library or the system."""
    text = " ".join(str(error).split()) or type(error).__name__
    return text if text.endswith((".", "!", "?")) else text + "."
