"""Which models there are to choose from."""

from collections.abc import Iterable
from typing import Any

import structlog

from ..context import Tawkee
from ..errors import UnknownPlugin
from ..types import Model

log = structlog.get_logger()


def list_models(tawkee: Tawkee) -> list[Model]:
    """Every plugin's models. A plugin that fails is logged and left out: the others' can still be chosen."""
    models: list[Model] = []
    for name in tawkee.plugins.names("model_list"):
        models += ask_plugin(tawkee, name)
    return models


def ask_plugin(tawkee: Tawkee, name: str) -> Iterable[Model]:
    plugin: Any = tawkee.plugins.ask(name)
    try:
        return list(plugin.model_list(settings=tawkee.settings) or ())
    except Exception:  # a stranger's code: whatever it raises, it must not hide the other models
        log.exception("plugin_failed", plugin=name, hook="model_list")
        return ()


def check_chat_model(tawkee: Tawkee, model_id: str) -> None:
    """Raise UnknownPlugin unless a plugin offers this model for conversations."""
    if not any(model.id == model_id and model.kind == "chat" for model in list_models(tawkee)):
        raise UnknownPlugin(f"No plugin offers the chat model {model_id!r}.", slug="unknown_model")


def has_language_model(tawkee: Tawkee) -> bool:
    """Whether a language model can be used: one that is paid for. Without it agents only quote their trainings."""
    return any(model.kind == "chat" and model.available and model.credits for model in list_models(tawkee))
