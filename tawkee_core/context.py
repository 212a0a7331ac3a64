"""What every request, job and command of one application shares."""

import os
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import wraps
from typing import Any, ParamSpec, TypeVar, cast

from flask import Flask, current_app, has_app_context

from .plugins import Plugins
from .settings import Settings

Made = TypeVar("Made")
Given = ParamSpec("Given")
making = threading.Lock()


@dataclass(frozen=True)
class Tawkee:
    """One application: the values it runs with, the plugins it has, and whether it has come to its end."""

    settings: Settings
    plugins: Plugins
    ended: threading.Event = field(default_factory=threading.Event, compare=False, repr=False)


def current() -> Tawkee:
    """The application that this code runs in. Raises RuntimeError outside an application context."""
    return cast(Tawkee, current_app.extensions["tawkee"])


def current_settings() -> Settings | None:
    """The settings of the application that this code runs in; None outside one."""
    return current().settings if has_app_context() else None


def end_application(app: Flask) -> None:
    """Let the threads that watch for this application end, within seconds. It is not to be used after that."""
    cast(Tawkee, app.extensions["tawkee"]).ended.set()


def once_a_process(name: str, make: Callable[[], Made]) -> Made:
    """What an application has one of in each process, such as threads, which do not survive a fork: made when first
    asked for."""
    with making:
        held: tuple[int, Any] | None = current_app.extensions.get(f"tawkee.{name}")
        if held is None or held[0] != os.getpid():
            held = current_app.extensions[f"tawkee.{name}"] = (os.getpid(), make())
        return cast(Made, held[1])


def in_application(step: Callable[Given, Made]) -> Callable[Given, Made]:
    """A function that runs in the present application also when another thread calls it."""
    app: Flask = current_app._get_current_object()  # type: ignore[attr-defined]  # werkzeug's own way out of its proxy

    @wraps(step)
    def inside(*args: Given.args, **kwargs: Given.kwargs) -> Made:
        with app.app_context():
            return step(*args, **kwargs)

    return inside
