"""Chat completions through LiteLLM, over real HTTP."""

import gzip
import json
import threading
import time

import pytest

from tawkee_core import (
    ModelBusy,
    ModelDown,
    ModelError,
    ModelMessage,
    ModelNonsense,
    ModelOptions,
    ModelRefused,
    PriceMissing,
    Tool,
    ToolCall,
)
from tawkee_core.hookspecs import ModelHooks
from tests.fakes.openai_server import Answer, OpenAIServer, call_tool, fail, hang, say, send_raw, show_html

from .conftest import KEY, complete

TRANSFER = Tool(
    "transfer_to_human",
    "Ask a person to take over.",
    {"type": "object", "properties": {"reason": {"type": "string"}}, "required": ["reason"]},
)
MINI = (0.15 / 1e6, 0.60 / 1e6)


def test_answer_comes_with_tokens_and_their_price(models: ModelHooks, server: OpenAIServer) -> None:
    answer = complete(models)
    assert (answer.text, answer.calls) == ("Abrimos às 9h.", ())
    sent = server.chats[-1]
    assert answer.usage.tokens_in == len(sent.body) // 4
    assert answer.usage.cost_usd == pytest.approx(answer.usage.tokens_in * MINI[0] + answer.usage.tokens_out * MINI[1])
    assert answer.usage.cost_usd > 0
    assert sent.headers["authorization"] == f"Bearer {KEY}"
    assert sent.json["model"] == "gpt-4o-mini"
    assert sent.json["messages"] == [
        {"role": "system", "content": "You are Ana."},
        {"role": "user", "content": "Que horas abre?"},
    ]
    assert (sent.json["temperature"], sent.json["max_tokens"]) == (0.3, 1024)
    assert "tools" not in sent.json


def test_tools_are_offered_called_and_answered(models: ModelHooks, server: OpenAIServer) -> None:
    server.script(call_tool("transfer_to_human", reason="pediu uma pessoa"))
    answer = complete(models, tools=[TRANSFER])
    assert answer.calls == (ToolCall("call_1", "transfer_to_human", {"reason": "pediu uma pessoa"}),)
    assert server.chats[-1].json["tools"][0]["function"]["parameters"] == TRANSFER.parameters

    done = [
        ModelMessage("user", "Quero uma pessoa"),
        ModelMessage("assistant", "", calls=answer.calls),
        ModelMessage("tool", "ok", call_id="call_1"),
    ]
    complete(models, tools=[TRANSFER], messages=done)
    _, asked, told = server.chats[-1].json["messages"]
    assert json.loads(asked["tool_calls"][0]["function"]["arguments"]) == {"reason": "pediu uma pessoa"}
    assert told == {"role": "tool", "tool_call_id": "call_1", "content": "ok"}


def test_models_that_reason_get_room_for_it(models: ModelHooks, server: OpenAIServer) -> None:
    complete(models, model="openai/o3")
    sent = server.chats[-1].json
    assert sent["max_completion_tokens"] == 1024 + 4096
    assert "temperature" not in sent


@pytest.mark.parametrize(
    ("answer", "expected", "words"),
    [
        (fail(400, "bad thing"), ModelRefused, "bad thing"),
        (fail(400, "too long", code="context_length_exceeded"), ModelRefused, "too long"),
        (fail(401, f"Incorrect API key provided: {KEY}"), ModelRefused, "OPENAI_API_KEY"),
        (fail(403), ModelRefused, "does not accept the key"),
        (fail(404), ModelRefused, "does not know the model openai/gpt-4o-mini"),
        (fail(422, "not this"), ModelRefused, "not this"),
        (fail(429, "You exceeded your quota", code="insufficient_quota"), ModelRefused, "quota"),
        (fail(429), ModelBusy, "busy"),
        (fail(500), ModelDown, "500"),
        (fail(503), ModelDown, "503"),
        (show_html(502), ModelDown, "502"),
        (Answer(drop=True), ModelDown, "could not be reached"),
        (show_html(200), ModelNonsense, "text/html"),
        (send_raw(b"{"), ModelNonsense, ""),
        (send_raw(b"[]"), ModelNonsense, ""),
        (send_raw(b"null"), ModelNonsense, ""),
        (send_raw(b'{"choices": []}'), ModelNonsense, ""),
        (send_raw(b'{"choices": [{"message": null}]}'), ModelNonsense, ""),
        (send_raw(b'{"choices": [{"index": 0, "message": {"role": "assistant", "content": 7}}]}'), ModelNonsense, ""),
        (send_raw(b"[" * 100_000), ModelNonsense, ""),
        (Answer(headers={"content-encoding": "gzip"}, body=gzip.compress(b" " * 1_000_000)), ModelNonsense, ""),
        (send_raw(b" " * (9 * 1024 * 1024)), ModelNonsense, "more than"),
        (say("   "), ModelNonsense, "nothing"),
        (call_tool("transfer_to_human", arguments="{not json"), ModelNonsense, "no JSON"),
        (call_tool("transfer_to_human", arguments="[1]"), ModelNonsense, "named arguments"),
        (call_tool("drop_tables"), ModelNonsense, "not offered"),
    ],
)
def test_every_failure_has_its_class_and_one_call(
    models: ModelHooks, server: OpenAIServer, answer: Answer, expected: type[ModelError], words: str
) -> None:
    server.script(answer)
    with pytest.raises(ModelError) as failed:
        complete(models, tools=[TRANSFER])
    assert type(failed.value) is expected
    assert words in str(failed.value)
    assert KEY not in str(failed.value)
    assert server.calls == 1
    assert complete(models).text == "Abrimos às 9h."


def test_patience_is_what_the_provider_asks_for(models: ModelHooks, server: OpenAIServer) -> None:
    server.script(fail(429, retry_after=7), fail(429, retry_after=1e9))
    for expected in (7.0, 600.0):
        with pytest.raises(ModelBusy) as busy:
            complete(models)
        assert busy.value.retry_after == expected


def test_silence_ends_at_the_timeout(models: ModelHooks, server: OpenAIServer) -> None:
    complete(models)
    server.script(hang(30))
    started = time.monotonic()
    with pytest.raises(ModelDown, match="in time"):
        complete(models, options=ModelOptions(timeout=1))
    assert time.monotonic() - started < 5


def test_an_answer_in_drips_ends_at_the_timeout(models: ModelHooks, server: OpenAIServer) -> None:
    server.script(Answer(text="x" * 1000, drip=0.2))
    started = time.monotonic()
    with pytest.raises(ModelDown, match="in time"):
        complete(models, options=ModelOptions(timeout=1))
    assert time.monotonic() - started < 5


def test_a_base_that_ends_in_a_slash_and_a_key_in_a_newline_do(
    models: ModelHooks, server: OpenAIServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OPENAI_API_BASE", server.url + "/")
    monkeypatch.setenv("OPENAI_API_KEY", KEY + "\n")
    assert complete(models).text == "Abrimos às 9h."
    assert server.chats[-1].path == "/v1/chat/completions"


def test_nobody_listening_is_down(models: ModelHooks, server: OpenAIServer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_API_BASE", "http://127.0.0.1:9/v1")
    with pytest.raises(ModelDown, match="could not be reached"):
        complete(models)


def test_without_a_key_nothing_is_called(
    models: ModelHooks, server: OpenAIServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("OPENAI_API_KEY")
    with pytest.raises(ModelRefused, match="set OPENAI_API_KEY"):
        complete(models)
    assert server.calls == 0


@pytest.mark.parametrize("price", ["", ":0:0", ":0.5:0"])
def test_without_a_price_nothing_is_called(
    models: ModelHooks, server: OpenAIServer, monkeypatch: pytest.MonkeyPatch, price: str
) -> None:
    monkeypatch.setenv("TAWKEE_LITELLM_MODELS", f"openai/house-model=2{price}")
    with pytest.raises(PriceMissing, match="openai/house-model"):
        complete(models, model="openai/house-model")
    assert server.calls == 0


def test_a_model_added_with_its_price_is_accounted_for(
    models: ModelHooks, server: OpenAIServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TAWKEE_LITELLM_MODELS", "openai/house-model=2:100:200")
    answer = complete(models, model="openai/house-model")
    assert server.chats[-1].json["model"] == "house-model"
    assert answer.usage.cost_usd == pytest.approx(answer.usage.tokens_in * 1e-4 + answer.usage.tokens_out * 2e-4)


def test_claude_goes_through_the_same_bounded_client(
    models: ModelHooks, server: OpenAIServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ANTHROPIC_API_KEY", "sk-ant-fake-key")
    monkeypatch.setenv("ANTHROPIC_API_BASE", server.url.removesuffix("/v1"))
    server.api_key = ""
    reply = {
        "id": "msg_1",
        "type": "message",
        "role": "assistant",
        "model": "claude-haiku-4-5",
        "content": [{"type": "text", "text": "Olá!"}],
        "stop_reason": "end_turn",
        "usage": {"input_tokens": 100, "output_tokens": 10},
    }
    server.script(send_raw(json.dumps(reply).encode()), show_html(200), fail(529))
    answer = complete(models, model="anthropic/claude-haiku-4-5", tools=[TRANSFER])
    assert answer.text == "Olá!"
    assert answer.usage.cost_usd == pytest.approx(100 * 1e-6 + 10 * 5e-6)
    assert (server.requests[-1].path, server.requests[-1].headers["x-api-key"]) == ("/v1/messages", "sk-ant-fake-key")
    for expected in (ModelNonsense, ModelDown):
        with pytest.raises(expected):
            complete(models, model="anthropic/claude-haiku-4-5")


@pytest.mark.parametrize(
    ("model", "base"),
    [
        ("groq/llama-3.3-70b-versatile", "GROQ_API_BASE"),
        ("deepseek/deepseek-chat", "DEEPSEEK_API_BASE"),
        ("dashscope/qwen-max", "DASHSCOPE_API_BASE"),
    ],
)
def test_other_providers_are_asked_with_their_own_key(
    models: ModelHooks, server: OpenAIServer, monkeypatch: pytest.MonkeyPatch, model: str, base: str
) -> None:
    server.api_key = "key-of-theirs-123"
    monkeypatch.setenv(base.replace("BASE", "KEY"), server.api_key)
    monkeypatch.setenv(base, server.url)
    answer = complete(models, model=model, tools=[TRANSFER])
    assert answer.text == "Abrimos às 9h."
    assert answer.usage.cost_usd > 0
    server.script(show_html(200))
    with pytest.raises(ModelNonsense):
        complete(models, model=model)


def test_a_hundred_calls_at_once_each_on_its_own_thread(models: ModelHooks, server: OpenAIServer) -> None:
    server.latency = 2.0
    answers: list[str] = []
    threads = [
        threading.Thread(target=lambda: answers.append(complete(models, options=ModelOptions(timeout=60)).text))
        for _ in range(100)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(90)
    assert answers == ["Abrimos às 9h."] * 100
    assert server.most_in_flight > 50
