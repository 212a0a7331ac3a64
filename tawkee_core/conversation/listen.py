"""Fetch the files of messages, and write down what is said in audios, so that the model can read it."""

import time
from dataclasses import replace
from typing import Any

import structlog
from psycopg2.extras import Json

from ..context import Tawkee
from ..db import run
from ..errors import ModelError, Refused, SendError, Unavailable
from ..types import Channel, Media, ModelUsage
from .ask import Budget, Call
from .context import TurnContext
from .media import forget_file, keep_data, mark_failed, mark_stored, read_data

log = structlog.get_logger()


def fetch_media(tawkee: Tawkee, channel: Channel, media_id: str, media: Media, attempts: int = 0) -> Media | None:
    """Get a file from the provider and keep it; None when it could not be had (now, or ever)."""
    try:
        fetched = tawkee.plugins.channel(channel.kind).channel_media(channel=channel, media=media)
    except SendError as error:
        gone = isinstance(error, Refused)
        mark_failed(media_id, f"{error.slug}: {error}", None if gone else min(2.0**attempts * 5, 600))
        return None
    except Exception as error:  # a plugin's fault: tried as often as any other failure
        log.exception("file_crashed", media_id=media_id)
        mark_failed(media_id, f"{type(error).__name__}: {error}", min(2.0**attempts * 5, 600))
        return None
    if fetched is None or fetched.data is None:
        mark_failed(media_id, "the channel cannot fetch it", None)
        return None
    try:
        kept = keep_data(tawkee.settings, channel.workspace_id, replace(fetched, id=media_id))
    except Unavailable:  # our own fault, not the file's: it is fetched again until it can be kept
        return None
    if not mark_stored(media_id, kept):
        forget_file(tawkee.settings, kept.ref["path"])
        return None
    return replace(kept, data=fetched.data)


def hear_audios(tawkee: Tawkee, context: TurnContext, budget: Budget) -> TurnContext:
    """The context with the fresh audios' words in it, where a transcription model is set."""
    if not tawkee.settings.transcription:
        return context
    heard = {m.id: words for m in context.fresh if (words := hear_audio(tawkee, context, m, budget))}
    if not heard:
        return context
    messages = [
        m._replace(data={**m.data, "transcript": heard[m.id]}) if m.id in heard else m for m in context.messages
    ]
    return replace(context, messages=messages)


def hear_audio(tawkee: Tawkee, context: TurnContext, message: Any, budget: Budget) -> str:
    if message.kind != "audio" or message.media_id is None or message.data.get("transcript"):
        return ""
    media = message_media(tawkee, context.channel, message)
    if media is None or media.data is None:
        return ""
    words = transcribe(tawkee, media, budget)
    if words:
        run("update message set data = data || %s where id = %s", (Json({"transcript": words}), message.id))
    return words


def message_media(tawkee: Tawkee, channel: Channel, message: Any) -> Media | None:
    media = Media(message.media_id, message.mimetype, message.filename, message.size, message.ref)
    if message.media_state == "stored":
        return replace(media, data=read_data(tawkee.settings, message.path))
    return fetch_media(tawkee, channel, message.media_id, media)


def transcribe(tawkee: Tawkee, media: Media, budget: Budget) -> str:
    """What is said in an audio; an empty text when no model could tell."""
    model = tawkee.settings.transcription
    started, usage, outcome, words = time.monotonic(), ModelUsage(), "answered", ""
    try:
        plugin = tawkee.plugins.model(tawkee.settings, model)
        written = plugin.model_transcribe(settings=tawkee.settings, model=model, media=media, language="pt")
        if written is not None:
            words, usage = written.text.strip(), written.usage
    except ModelError as error:
        outcome = error.slug
        log.warning("transcription_failed", error=error.slug, detail=str(error)[:300])
    budget.calls.append(Call(model, outcome, usage, time.monotonic() - started, "transcription"))
    return words
