"""What an agent may do besides talking. Arguments come from a model and are checked here before anything happens."""

from collections.abc import Sequence

from ..types import Agent, Tool, ToolCall

TRANSFER = Tool(
    name="transfer_to_human",
    description="Ask a person of the company to take over this conversation. Say something kind to the customer as"
    " well.",
    parameters={
        "type": "object",
        "properties": {
            "reason": {"type": "string", "maxLength": 200, "description": "Why a person is needed, in a few words."}
        },
        "required": ["reason"],
        "additionalProperties": False,
    },
)


def agent_tools(agent: Agent) -> list[Tool]:
    """The tools an agent may use."""
    return [TRANSFER] if agent.settings.get("enabled_human_transfer", True) else []


def transfer_reason(agent: Agent, calls: Sequence[ToolCall]) -> str | None:
    """Why the model wants a person, or None when it does not, or may not ask."""
    allowed = {tool.name for tool in agent_tools(agent)}
    for call in calls:
        if call.name == TRANSFER.name and call.name in allowed:
            return str(call.arguments.get("reason") or "the agent asked for a person")[:200]
    return None
