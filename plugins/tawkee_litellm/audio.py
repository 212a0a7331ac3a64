"""Spoken words to text through LiteLLM."""

from typing import Any

from tawkee_core import Media, ModelNonsense, ModelRefused, Transcription

from .calling import call_model, check_price, openai_client
from .catalogue import Entry
from .prices import count_usage

SECONDS = 60.0
MAX_BYTES = 25 * 1024 * 1024
# OpenAI tells the format by the file's ending.
ENDINGS = {
    "audio/ogg": "ogg",
    "audio/opus": "ogg",
    "audio/mpeg": "mp3",
    "audio/mp3": "mp3",
    "audio/mp4": "m4a",
    "audio/m4a": "m4a",
    "audio/x-m4a": "m4a",
    "audio/aac": "m4a",
    "audio/wav": "wav",
    "audio/x-wav": "wav",
    "audio/webm": "webm",
    "video/webm": "webm",
    "audio/flac": "flac",
}


def transcribe_audio(entry: Entry, media: Media, language: str) -> Transcription:
    """What is said; `language` is ISO 639-1 ("pt", also "pt-BR") or empty. Raises a ModelError."""
    price = check_price(entry)
    ending = ENDINGS.get(media.mimetype.partition(";")[0].strip().lower())
    if not media.data or not ending:
        raise ModelRefused(f"No audio that {entry.label} reads: {media.mimetype:.60}.")
    if len(media.data) > MAX_BYTES:
        raise ModelRefused(f"The audio is larger than {MAX_BYTES} bytes.")
    hint = {"language": language.partition("-")[0].lower()} if language else {}
    response = call_model(
        "transcription",
        entry,
        SECONDS,
        file=(f"audio.{ending}", media.data, media.mimetype),
        client=openai_client(entry, SECONDS),
        response_format="json",
        **hint,
    )
    text = getattr(response, "text", None)
    if not isinstance(text, str):
        raise ModelNonsense(f"{entry.label} answered without a text.")
    return Transcription(text.strip(), count_usage(price, seconds=read_seconds(response, media.data)))


def read_seconds(response: Any, data: bytes) -> float:
    """The audio's length as the provider counts it; else from its size, at the 16 kbit/s of a voice message."""
    usage = getattr(response, "usage", None)
    told = getattr(usage, "seconds", None) or getattr(response, "duration", None)
    return float(told) if told else len(data) / 2000
