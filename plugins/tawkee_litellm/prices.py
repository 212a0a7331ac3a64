"""What the providers charge us: our own table first, then LiteLLM's.

A model without a price, or with one of zero, is refused before it is called: unaccounted is not free.
"""

from collections.abc import Mapping
from typing import Any, NamedTuple

from tawkee_core import ModelUsage, PriceMissing

MILLION = 1_000_000


class Price(NamedTuple):
    """US dollars: for a million tokens in and out, or for a second of audio."""

    tokens_in: float = 0.0
    tokens_out: float = 0.0
    second: float = 0.0


# What LiteLLM 1.105.3 does not know. Maritaca charges in reais; converted at 5 to a dollar.
OWN_PRICES = {
    "anthropic/claude-3-7-sonnet-20250219": Price(3.0, 15.0),
    "anthropic/claude-3-5-sonnet-20241022": Price(3.0, 15.0),
    "anthropic/claude-3-5-haiku-20241022": Price(0.8, 4.0),
    "groq/llama-3.3-70b-versatile": Price(0.59, 0.79),
    "openai/sabia-3": Price(1.0, 2.0),
    "openai/whisper-1": Price(second=0.0001),
    "openai/gpt-4o-mini-transcribe": Price(second=0.00005),
}


def find_price(name: str, kind: str, own: Price | None, known: Mapping[str, Mapping[str, Any]]) -> Price:
    """The price of a model by LiteLLM's name; `known` is litellm.model_cost. Raises PriceMissing."""
    price = own or OWN_PRICES.get(name) or convert_price(find_known(name, known))
    needed = {"chat": price[:2], "embedding": price[:1], "transcription": price[2:]}[kind]
    if not all(amount > 0 for amount in needed):
        raise PriceMissing(f"The model {name} has no price, so its use cannot be accounted for; it was not called.")
    return price


def find_known(name: str, known: Mapping[str, Mapping[str, Any]]) -> Mapping[str, Any]:
    """LiteLLM keeps some models as provider/name and those of the oldest providers under the bare name."""
    provider, _, bare = name.partition("/")
    if name in known:
        return known[name]
    entry = known.get(bare, {})
    return entry if entry.get("litellm_provider") == provider else {}


def convert_price(entry: Mapping[str, Any]) -> Price:
    return Price(
        tokens_in=float(entry.get("input_cost_per_token") or 0) * MILLION,
        tokens_out=float(entry.get("output_cost_per_token") or 0) * MILLION,
        second=float(entry.get("input_cost_per_second") or 0),
    )


def count_usage(price: Price, tokens_in: int = 0, tokens_out: int = 0, seconds: float = 0.0) -> ModelUsage:
    cost = (tokens_in * price.tokens_in + tokens_out * price.tokens_out) / MILLION + seconds * price.second
    return ModelUsage(tokens_in, tokens_out, cost)
