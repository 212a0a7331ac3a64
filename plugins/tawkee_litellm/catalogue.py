"""Which models are offered, what an answer of each costs a workspace in credits, and whose key they need.

`TAWKEE_LITELLM_MODELS` adds chat models, by comma, as `litellm-name=credits` or, for one that neither we nor LiteLLM
know the price of, `litellm-name=credits:input:output` in US dollars a million tokens: `openai/llama3.1=1:0.05:0.05`.
"""

import os
from dataclasses import dataclass
from datetime import date
from functools import lru_cache
from typing import Literal

from tawkee_core import BadInput, Model

from .prices import Price

KEYS = {
    "openai": "OPENAI_API_KEY",
    "anthropic": "ANTHROPIC_API_KEY",
    "groq": "GROQ_API_KEY",
    "dashscope": "DASHSCOPE_API_KEY",
    "deepseek": "DEEPSEEK_API_KEY",
    "maritaca": "MARITALK_API_KEY",
    "gemini": "GEMINI_API_KEY",
    "mistral": "MISTRAL_API_KEY",
    "openrouter": "OPENROUTER_API_KEY",
    "xai": "XAI_API_KEY",
}
TOOLS = frozenset({"tools"})
SEES = frozenset({"tools", "vision"})


@dataclass(frozen=True)
class Entry:
    """A model on offer. `retired` is the day (ISO) it is switched off; `name` is LiteLLM's where ours differs."""

    id: str
    label: str
    vendor: str
    credits: int
    can: frozenset[str] = TOOLS
    kind: Literal["chat", "embedding", "transcription"] = "chat"
    retired: str = "9999"
    reasons: bool = False
    name: str = ""
    api_base: str | None = None
    price: Price | None = None

    @property
    def provider(self) -> str:
        return self.id.partition("/")[0]

    @property
    def litellm_name(self) -> str:
        return self.name or self.id

    @property
    def key_name(self) -> str:
        """The environment variable with the provider's key; "" where we know of none."""
        return KEYS.get(self.provider, "")

    @property
    def key(self) -> str:
        return os.environ.get(self.key_name, "").strip() if self.key_name else ""

    @property
    def available(self) -> bool:
        return (bool(self.key) or not self.key_name) and date.today().isoformat() < self.retired

    def describe(self) -> Model:
        return Model(
            id=self.id,
            label=self.label,
            vendor=self.vendor,
            kind=self.kind,
            credits=self.credits,
            can=self.can,
            available=self.available,
        )


# The first one available is what an agent uses that chose none. Retirement days: the providers' deprecation pages.
CATALOGUE = (
    Entry("openai/gpt-4.1-mini", "GPT-4.1 Mini", "OpenAI", 1, SEES),
    Entry("openai/gpt-4.1", "GPT-4.1", "OpenAI", 4, SEES),
    Entry("openai/gpt-4o-mini", "GPT-4o Mini", "OpenAI", 1, SEES),
    Entry("openai/gpt-4o", "GPT-4o", "OpenAI", 5, SEES),
    Entry("openai/gpt-4-turbo", "GPT-4 Turbo", "OpenAI", 20, SEES, retired="2026-10-23"),
    Entry("openai/o3", "o3", "OpenAI", 20, SEES, reasons=True),
    Entry("openai/o3-mini", "o3-Mini (Beta)", "OpenAI", 3, reasons=True, retired="2026-10-23"),
    Entry("openai/o4-mini", "o4-Mini", "OpenAI", 3, SEES, reasons=True, retired="2026-10-23"),
    Entry("openai/o1", "o1", "OpenAI", 25, SEES, reasons=True, retired="2026-10-23"),
    Entry("anthropic/claude-sonnet-4-5", "Claude Sonnet 4.5", "Anthropic", 10, SEES),
    Entry("anthropic/claude-haiku-4-5", "Claude Haiku 4.5", "Anthropic", 2, SEES),
    Entry("anthropic/claude-3-7-sonnet-20250219", "Claude 3.7 Sonnet", "Anthropic", 10, SEES, retired="2026-02-19"),
    Entry("anthropic/claude-3-5-sonnet-20241022", "Claude 3.5 Sonnet", "Anthropic", 10, SEES, retired="2025-10-28"),
    Entry("anthropic/claude-3-5-haiku-20241022", "Claude 3.5 Haiku", "Anthropic", 2, retired="2026-02-19"),
    Entry("groq/llama-3.3-70b-versatile", "Llama 3.3", "Meta", 1),
    Entry("dashscope/qwen-max", "Qwen 2.5 Max", "Alibaba", 3),
    Entry("deepseek/deepseek-chat", "DeepSeek V3", "DeepSeek", 1),
    # LiteLLM's own `maritalk/` route is older than Maritaca's OpenAI-compatible API.
    Entry("maritaca/sabia-3", "Sabiá 3", "Maritaca", 3, name="openai/sabia-3", api_base="https://chat.maritaca.ai/api"),
    Entry("openai/text-embedding-3-small", "Embedding 3 Small", "OpenAI", 0, frozenset(), "embedding"),
    Entry("openai/text-embedding-3-large", "Embedding 3 Large", "OpenAI", 0, frozenset(), "embedding"),
    Entry("openai/whisper-1", "Whisper", "OpenAI", 1, frozenset(), "transcription"),
    Entry("openai/gpt-4o-mini-transcribe", "GPT-4o Mini Transcribe", "OpenAI", 1, frozenset(), "transcription"),
)


def list_entries() -> tuple[Entry, ...]:
    return CATALOGUE + read_added(os.environ.get("TAWKEE_LITELLM_MODELS", ""))


def find_entry(model: str, kind: str) -> Entry | None:
    return next((entry for entry in list_entries() if (entry.id, entry.kind) == (model, kind)), None)


@lru_cache(maxsize=8)
def read_added(text: str) -> tuple[Entry, ...]:
    """The entries of TAWKEE_LITELLM_MODELS. Raises BadInput when it cannot be read."""
    try:
        return tuple(read_entry(part.strip()) for part in text.split(",") if part.strip())
    except ValueError as wrong:
        raise BadInput(f"TAWKEE_LITELLM_MODELS cannot be read: {wrong}") from wrong


def read_entry(text: str) -> Entry:
    model, _, numbers = text.partition("=")
    provider, _, name = model.partition("/")
    credits, *dollars = numbers.split(":")
    if not (provider and name) or len(dollars) not in (0, 2):
        raise ValueError(f"{text!r} is not provider/name=credits or provider/name=credits:input:output")
    price = Price(*(float(amount) for amount in dollars)) if dollars else None
    return Entry(model, name, provider, int(credits), price=price)
