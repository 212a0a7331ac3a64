"""A conversation to a chat model and its answer back, in LiteLLM's (OpenAI's) form."""

import json
from collections.abc import Iterable, Sequence
from typing import Any

from tawkee_core import Completion, ModelMessage, ModelNonsense, ModelOptions, ModelRefused, Tool, ToolCall

from .calling import call_chat, check_price
from .catalogue import Entry
from .prices import count_usage

MAX_REQUEST = 4_000_000
# A model that reasons spends tokens before its first word; they count against the same limit.
REASONING_TOKENS = 4096


def complete_chat(
    entry: Entry, messages: Sequence[ModelMessage], tools: Sequence[Tool], options: ModelOptions
) -> Completion:
    """One answer. Raises a ModelError."""
    price = check_price(entry)
    sent = [write_message(message) for message in messages]
    if sum(len(message.content) for message in messages) > MAX_REQUEST:
        raise ModelRefused(f"The conversation is longer than {MAX_REQUEST} characters.")
    arguments: dict[str, Any] = {"tools": [write_tool(tool) for tool in tools]} if tools else {}
    response = call_chat(
        entry,
        options.timeout,
        sent,
        temperature=options.temperature,
        max_tokens=options.max_tokens + (REASONING_TOKENS if entry.reasons else 0),
        **arguments,
    )
    text, calls = read_answer(response, {tool.name for tool in tools})
    tokens_in, tokens_out = read_tokens(response, messages, text)
    return Completion(text, calls, count_usage(price, tokens_in, tokens_out))


def write_message(message: ModelMessage) -> dict[str, Any]:
    if message.role == "tool":
        return {"role": "tool", "tool_call_id": message.call_id, "content": message.content}
    if message.calls:
        calls = [write_call(call) for call in message.calls]
        return {"role": message.role, "content": message.content or None, "tool_calls": calls}
    return {"role": message.role, "content": message.content}


def write_call(call: ToolCall) -> dict[str, Any]:
    function = {"name": call.name, "arguments": json.dumps(dict(call.arguments), ensure_ascii=False)}
    return {"id": call.id, "type": "function", "function": function}


def write_tool(tool: Tool) -> dict[str, Any]:
    function = {"name": tool.name, "description": tool.description, "parameters": dict(tool.parameters)}
    return {"type": "function", "function": function}


def read_answer(response: Any, offered: set[str]) -> tuple[str, tuple[ToolCall, ...]]:
    """Text and tool calls. Raises ModelNonsense for neither, ModelRefused where a filter held the text back."""
    choices = getattr(response, "choices", None)
    if not choices or choices[0].message is None:
        raise ModelNonsense("The model answered without a message.")
    message = choices[0].message
    text = message.content.strip() if isinstance(message.content, str) else ""
    calls = tuple(read_calls(message.tool_calls or (), offered))
    if not text and not calls:
        if choices[0].finish_reason == "content_filter":
            raise ModelRefused("The model's content filter held the answer back.")
        raise ModelNonsense("The model answered with nothing.")
    return text, calls


def read_calls(calls: Iterable[Any], offered: set[str]) -> Iterable[ToolCall]:
    for number, call in enumerate(calls, 1):
        name = call.function.name
        if name not in offered:
            raise ModelNonsense(f"The model called {name!r:.60}, which it was not offered.")
        yield ToolCall(call.id or f"call_{number}", name, read_arguments(call.function.arguments))


def read_arguments(text: str | None) -> dict[str, Any]:
    try:
        arguments = json.loads(text or "{}")
    except (ValueError, RecursionError) as broken:
        raise ModelNonsense("The model's tool call is no JSON.") from broken
    if not isinstance(arguments, dict):
        raise ModelNonsense("The model's tool call has no named arguments.")
    return arguments


def read_tokens(response: Any, messages: Sequence[ModelMessage], text: str) -> tuple[int, int]:
    """Tokens in and out; a provider that does not count them gets an estimate of three characters a token."""
    usage = getattr(response, "usage", None)
    tokens_in, tokens_out = getattr(usage, "prompt_tokens", 0), getattr(usage, "completion_tokens", 0)
    return (
        tokens_in or 1 + sum(len(message.content) for message in messages) // 3,
        tokens_out or 1 + len(text) // 3,
    )
