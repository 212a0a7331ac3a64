"""Models of other companies, through LiteLLM: GPT, Claude, Llama, Qwen, DeepSeek, Sabiá.

A provider's models are available when its key is in the environment, as LiteLLM reads it (OPENAI_API_KEY, and so on);
OPENAI_API_BASE points the OpenAI ones at another server. `TAWKEE_LITELLM_MODELS` adds models (see catalogue.py).
"""

from collections.abc import Sequence

from tawkee_core import (
    Completion,
    Embedding,
    Media,
    Model,
    ModelMessage,
    ModelOptions,
    Settings,
    Tool,
    Transcription,
    hookimpl,
)

from .audio import transcribe_audio
from .catalogue import find_entry, list_entries
from .chat import complete_chat
from .embedding import embed_texts
from .library import load_litellm


@hookimpl
def worker_started(settings: Settings) -> None:
    """Import LiteLLM (seconds, 130 MB) before the first turn, where a key makes its use likely."""
    if any(entry.available for entry in list_entries()):
        load_litellm()


@hookimpl
def model_list(settings: Settings) -> list[Model]:
    return [entry.describe() for entry in list_entries()]


@hookimpl
def model_complete(
    model: str, messages: Sequence[ModelMessage], tools: Sequence[Tool], options: ModelOptions
) -> Completion | None:
    entry = find_entry(model, "chat")
    return complete_chat(entry, messages, tools, options) if entry else None


@hookimpl
def model_embed(model: str, texts: Sequence[str]) -> Embedding | None:
    entry = find_entry(model, "embedding")
    return embed_texts(entry, texts) if entry else None


@hookimpl
def model_transcribe(model: str, media: Media, language: str) -> Transcription | None:
    entry = find_entry(model, "transcription")
    return transcribe_audio(entry, media, language) if entry else None
