"""Embeddings and transcriptions through LiteLLM, over real HTTP."""

import json

import pytest

from tawkee_core import Embedding, Media, ModelBusy, ModelDown, ModelError, ModelNonsense, ModelRefused, Transcription
from tawkee_core.hookspecs import ModelHooks
from tawkee_core.settings import Settings
from tests.fakes.openai_server import (
    Answer,
    OpenAIServer,
    fail,
    hash_vector,
    say,
    send_raw,
    show_html,
)

VOICE = Media(mimetype="audio/ogg; codecs=opus", data=b"OggS" + b"\0" * 7996)
FAILURES = [
    (fail(401), ModelRefused),
    (fail(404), ModelRefused),
    (fail(429), ModelBusy),
    (fail(503), ModelDown),
    (show_html(200), ModelNonsense),
    (send_raw(b"{"), ModelNonsense),
    (send_raw(b"{}"), ModelNonsense),
    (Answer(drop=True), ModelDown),
]


def embed(models: ModelHooks, texts: list[str], model: str = "openai/text-embedding-3-small") -> Embedding:
    answer = models.model_embed(settings=Settings(), model=model, texts=texts)
    assert answer is not None
    return answer


def transcribe(models: ModelHooks, media: Media = VOICE, model: str = "openai/whisper-1") -> Transcription:
    answer = models.model_transcribe(settings=Settings(), model=model, media=media, language="pt-BR")
    assert answer is not None
    return answer


def test_vectors_come_in_the_order_of_the_texts(models: ModelHooks, server: OpenAIServer) -> None:
    texts = [f"passagem {number}" for number in range(200)]
    answer = embed(models, texts)
    assert [list(vector) for vector in answer.vectors] == [hash_vector(text, 16) for text in texts]
    assert len(server.requests) == 3
    assert answer.usage.cost_usd == pytest.approx(answer.usage.tokens_in * 0.02 / 1e6)
    assert embed(models, []).vectors == []


def test_vectors_out_of_order_or_missing(models: ModelHooks, server: OpenAIServer) -> None:
    rows = [{"object": "embedding", "index": index, "embedding": [float(index), 1.0]} for index in (1, 0)]
    body = {"object": "list", "data": rows, "model": "m", "usage": {"prompt_tokens": 2, "total_tokens": 2}}
    server.script(send_raw(json.dumps(body).encode()), send_raw(json.dumps({**body, "data": rows[:1]}).encode()))
    assert embed(models, ["a", "b"]).vectors == [[0.0, 1.0], [1.0, 1.0]]
    with pytest.raises(ModelNonsense, match="1 vectors for 2 texts"):
        embed(models, ["a", "b"])


@pytest.mark.parametrize(("answer", "expected"), FAILURES)
def test_failed_embedding_has_its_class_and_one_call(
    models: ModelHooks, server: OpenAIServer, answer: Answer, expected: type[ModelError]
) -> None:
    server.script(answer)
    with pytest.raises(expected):
        embed(models, ["a"])
    assert server.calls == 1


def test_voice_message_is_written_down_and_paid_by_the_second(models: ModelHooks, server: OpenAIServer) -> None:
    server.script(say(" Quero trocar o meu pedido. "))
    answer = transcribe(models)
    assert answer.text == "Quero trocar o meu pedido."
    assert answer.usage.cost_usd == pytest.approx(3 * 0.0001)
    sent = server.requests[-1]
    assert sent.path == "/v1/audio/transcriptions"
    assert b'filename="audio.ogg"' in sent.body
    assert VOICE.data and VOICE.data in sent.body
    assert b"\r\n\r\npt\r\n" in sent.body


def test_a_transcription_without_a_length_is_estimated(models: ModelHooks, server: OpenAIServer) -> None:
    server.script(send_raw(b'{"text": "sim"}'))
    assert transcribe(models).usage.cost_usd == pytest.approx(8000 / 2000 * 0.0001)


@pytest.mark.parametrize(("answer", "expected"), FAILURES)
def test_failed_transcription_has_its_class_and_one_call(
    models: ModelHooks, server: OpenAIServer, answer: Answer, expected: type[ModelError]
) -> None:
    server.script(answer)
    with pytest.raises(expected):
        transcribe(models)
    assert server.calls == 1


@pytest.mark.parametrize(
    "media",
    [
        Media(mimetype="audio/ogg"),
        Media(mimetype="application/x-dosexec", data=b"MZ"),
        Media(mimetype="audio/ogg", data=b"\0" * (25 * 1024 * 1024 + 1)),
    ],
    ids=["empty", "no-audio", "too-large"],
)
def test_what_is_no_voice_message_is_not_sent(models: ModelHooks, server: OpenAIServer, media: Media) -> None:
    with pytest.raises(ModelRefused):
        transcribe(models, media)
    assert server.calls == 0
