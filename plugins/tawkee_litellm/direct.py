"""A chat call of an OpenAI-compatible model straight through LiteLLM's handler for it.

`litellm.completion` asks itself for a hundred providers before it gets there, which costs half of a call's CPU (3.3
against 1.6 ms, 0.9 of them in httpx). What is sent and how it is read is LiteLLM's either way.
"""

import os
from functools import lru_cache
from typing import Any

from .catalogue import Entry
from .library import load_litellm
from .silence import log_nothing

DEFAULT_BASE = "https://api.openai.com/v1"


@lru_cache(maxsize=256)
def find_direct(name: str) -> Any:
    """LiteLLM's way to write for and read from a plain OpenAI chat model; None for all others, which have more to them:
    models that reason, other providers, and those that are asked by another route than chat completions."""
    litellm = load_litellm()
    provider, _, model = name.partition("/")
    mode = litellm.model_cost.get(model, {}).get("mode", "chat")
    if provider != "openai" or mode != "chat":
        return None
    config = litellm.ProviderConfigManager.get_provider_chat_config(model=model, provider=litellm.LlmProviders.OPENAI)
    return config if type(config) is litellm.OpenAIGPTConfig else None


@lru_cache(maxsize=1)
def find_route() -> Any:
    """It keeps nothing between two calls, so all threads have one."""
    load_litellm()
    from litellm.llms.custom_httpx.llm_http_handler import BaseLLMHTTPHandler

    return BaseLLMHTTPHandler()


def complete_directly(
    config: Any, entry: Entry, timeout: float, *, messages: list[dict[str, Any]], client: Any, **options: Any
) -> Any:
    """One call with the `options` of `litellm.completion`. Raises what LiteLLM and httpx raise."""
    litellm = load_litellm()
    model = entry.litellm_name.partition("/")[2]
    named = {"model": model, "custom_llm_provider": "openai"}
    return find_route().completion(
        **named,
        messages=messages,
        optional_params=litellm.utils.get_optional_params(**named, messages=messages, **options),
        model_response=litellm.ModelResponse(),
        logging_obj=log_nothing(entry.litellm_name, messages),
        provider_config=config,
        api_base=entry.api_base
        or os.environ.get("OPENAI_BASE_URL")
        or os.environ.get("OPENAI_API_BASE")
        or DEFAULT_BASE,
        api_key=entry.key or None,
        client=client,
        timeout=timeout,
        headers={},
        litellm_params={},
        encoding=None,
        acompletion=False,
    )
