"""What every request, job and command of one application shares."""

from dataclasses import dataclass
from typing import cast

from flask import current_app

from .plugins import Plugins
from .settings import Settings


@dataclass(frozen=True)
class Tawkee:
    """One application: the values it runs with and the plugins it has."""

    settings: Settings
    plugins: Plugins


def current() -> Tawkee:
    """The application that this code runs in. Raises RuntimeError outside an application context."""
    return cast(Tawkee, current_app.extensions["tawkee"])
