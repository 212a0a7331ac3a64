"""Setting a number up: whether the token reaches it, our app subscribed to its events, its templates."""

import re
from typing import Any

from tawkee_core import Channel, Connection, Label, TemplateInfo

from ..graph import set_up
from .send import number_of

PARAMETER = re.compile(r"\{\{\s*[\w]+\s*\}\}")


def connect(channel: Channel) -> Connection:
    """Check the token, subscribe to the account's events, and say what is left to be done in Meta's panel."""
    number = set_up(channel, "GET", f"{number_of(channel)}?fields=display_phone_number,verified_name,quality_rating")
    account = str(channel.config.get("business_account_id") or "")
    if account:
        set_up(channel, "POST", f"{account}/subscribed_apps")
    return Connection("connected", todo_label(channel, str(number.get("display_phone_number", ""))))


def todo_label(channel: Channel, phone: str) -> Label:
    return Label(
        f"Número {phone} conectado. No painel da Meta, em Webhooks, cole o endereço deste canal e, como token de"
        " verificação, a última parte dele; assine os campos messages e smb_message_echoes.",
        f"Number {phone} connected. In Meta's panel, under Webhooks, paste this channel's address and, as verify token,"
        " its last part; subscribe to the fields messages and smb_message_echoes.",
    )


def get_status(channel: Channel) -> Connection:
    """Whether the token still reaches the number. Raises AuthLost."""
    set_up(channel, "GET", f"{number_of(channel)}?fields=display_phone_number")
    return Connection("connected")


def disconnect(channel: Channel) -> Connection:
    account = str(channel.config.get("business_account_id") or "")
    if account:
        set_up(channel, "DELETE", f"{account}/subscribed_apps")
    return Connection("disconnected")


def list_templates(channel: Channel) -> list[TemplateInfo]:
    """The account's templates, with the words of their body."""
    account = str(channel.config.get("business_account_id") or "")
    if not account:
        return []
    found = set_up(
        channel, "GET", f"{account}/message_templates?limit=200&fields=name,language,status,category,components"
    )
    rows = found.get("data")
    return [template_info(row) for row in rows if isinstance(row, dict)] if isinstance(rows, list) else []


def template_info(row: dict[str, Any]) -> TemplateInfo:
    parts = [part for part in row.get("components") or () if isinstance(part, dict) and part.get("type") == "BODY"]
    text = str(parts[0].get("text", "")) if parts else ""
    return TemplateInfo(
        name=str(row.get("name", "")),
        language=str(row.get("language", "")),
        text=text,
        status=str(row.get("status", "")),
        category=str(row.get("category", "")),
        parameters=len(set(PARAMETER.findall(text))),
    )
