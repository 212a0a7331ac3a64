"""One call to a provider: its key and price known first, this thread's client, every failure explained."""

import os
from collections.abc import Callable
from functools import partial
from typing import Any

from tawkee_core import ModelRefused

from .catalogue import Entry
from .direct import complete_directly, find_direct
from .failures import explain_failure
from .library import load_litellm
from .prices import Price, find_price
from .silence import log_nothing
from .transport import Heard, find_caller


def check_price(entry: Entry) -> Price:
    """The price of a model that may be called. Raises ModelRefused without a key, PriceMissing without a price."""
    if entry.key_name and not entry.key:
        raise ModelRefused(f"{entry.label} needs a key: set {entry.key_name} in the environment.")
    return find_price(entry.litellm_name, entry.kind, entry.price, load_litellm().model_cost)


def call_chat(entry: Entry, timeout: float, messages: list[dict[str, Any]], **options: Any) -> Any:
    """One chat completion; `options` as `litellm.completion` takes them. Raises a ModelError."""
    config, client = find_direct(entry.litellm_name), http_client()
    if config is not None:
        call = partial(complete_directly, config, entry, timeout)
        return explained(entry, call, messages=messages, client=client, **options)
    log = log_nothing(entry.litellm_name, messages)
    return call_model(
        "completion", entry, timeout, messages=messages, client=client, litellm_logging_obj=log, **options
    )


def call_model(operation: str, entry: Entry, timeout: float, **arguments: Any) -> Any:
    """`litellm.<operation>`, once, without its own retries. Raises a ModelError."""
    given = {"model": entry.litellm_name, "api_key": entry.key or None, "api_base": entry.api_base}
    limits = {"timeout": timeout, "num_retries": 0, "max_retries": 0}
    return explained(entry, getattr(load_litellm(), operation), **given, **limits, **arguments)


def explained(entry: Entry, call: Callable[..., Any], **arguments: Any) -> Any:
    """What a call gives. Raises the ModelError for what it raises."""
    transport = find_caller().transport
    transport.heard = Heard()
    try:
        return call(**arguments)
    except Exception as error:  # LiteLLM raises a hundred kinds, of its own, of openai's, of httpx's and bare ones
        raise explain_failure(error, transport.heard, entry) from None


def http_client() -> Any:
    """This thread's client in the form LiteLLM's chat calls take."""
    load_litellm()
    from litellm.llms.custom_httpx.http_handler import HTTPHandler

    return HTTPHandler(client=find_caller().client)


def openai_client(entry: Entry, timeout: float) -> Any:
    """This thread's client in the form LiteLLM's embeddings and transcriptions take."""
    load_litellm()
    import openai

    base = entry.api_base or os.environ.get("OPENAI_BASE_URL") or os.environ.get("OPENAI_API_BASE")
    client = find_caller().client
    return openai.OpenAI(api_key=entry.key or "none", base_url=base, timeout=timeout, max_retries=0, http_client=client)
