"""What is to happen when something of ours fails in a handler: the sentence is shown, and the app goes on."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable
from typing import Any, TypeVar, cast

from ovtui.errors import OvtuiError

F = TypeVar("F", bound=Callable[..., Any])


def said(method: F) -> F:
    """For methods of the app and of screens: an OvtuiError becomes a message."""

    def tell(owner: Any, error: OvtuiError) -> None:
        app = getattr(owner, "app", owner)
        app.tell(str(error), "error")

    if inspect.iscoroutinefunction(method):

        @functools.wraps(method)
        async def waited(self: Any, *arguments: Any, **named: Any) -> Any:
            try:
                return await method(self, *arguments, **named)
            except OvtuiError as error:
                tell(self, error)

        return cast("F", waited)

    @functools.wraps(method)
    def called(self: Any, *arguments: Any, **named: Any) -> Any:
        try:
            return method(self, *arguments, **named)
        except OvtuiError as error:
            tell(self, error)

    return cast("F", called)
