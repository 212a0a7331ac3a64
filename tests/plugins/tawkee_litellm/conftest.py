"""The plugin as the core asks it, and a provider on loopback in OpenAI's place."""

from collections.abc import Iterator
from typing import Any

import pytest

import tawkee_litellm
from tawkee_core import Completion, ModelMessage, ModelOptions
from tawkee_core.hookspecs import ModelHooks
from tawkee_core.plugins import Plugins
from tawkee_core.settings import Settings
from tests.fakes.openai_server import OpenAIServer

KEY = "sk-fake-1234567890abcdef"


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[OpenAIServer]:
    with OpenAIServer(text="Abrimos às 9h.", api_key=KEY) as server:
        monkeypatch.setenv("OPENAI_API_KEY", KEY)
        monkeypatch.setenv("OPENAI_API_BASE", server.url)
        monkeypatch.delenv("OPENAI_BASE_URL", raising=False)
        yield server


@pytest.fixture(scope="session")
def models() -> ModelHooks:
    plugins = Plugins()
    plugins.register(tawkee_litellm, "litellm")
    hooks: ModelHooks = plugins.ask("litellm")
    return hooks


def complete(
    models: ModelHooks, text: str = "Que horas abre?", model: str = "openai/gpt-4o-mini", **given: Any
) -> Completion:
    arguments: dict[str, Any] = {
        "messages": [ModelMessage("system", "You are Ana."), ModelMessage("user", text)],
        "tools": (),
        "options": ModelOptions(timeout=10),
        **given,
    }
    answer = models.model_complete(settings=Settings(), agent=None, model=model, passages=(), **arguments)  # type: ignore[arg-type]  # the plugin does not look at the agent
    assert answer is not None
    return answer
