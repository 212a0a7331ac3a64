"""Setting a number up: whether the token reaches it, our app subscribed to its events, its templates."""

import re
from typing import Any, Literal
from urllib.parse import quote

from tawkee_core import BadInput, Channel, Connection, Label, TemplateInfo, TemplatePart

from ..graph import set_up
from .send import number_of

PARAMETER = re.compile(r"\{\{\s*(\w+)\s*\}\}")
FILES: dict[str, Literal["image", "video", "document"]] = {"IMAGE": "image", "VIDEO": "video", "DOCUMENT": "document"}
MOST_PAGES = 10


def connect(channel: Channel) -> Connection:
    """Check the token, subscribe to the account's events, and have those of this number delivered here."""
    number = set_up(channel, "GET", f"{number_of(channel)}?fields=display_phone_number,verified_name,quality_rating")
    account = account_of(channel)
    if account:
        set_up(channel, "POST", f"{account}/subscribed_apps")
    phone = str(number.get("display_phone_number", ""))
    try:
        point_webhook(channel, channel.webhook_url)
    except BadInput as error:  # Meta tries the address at once, and wants it reachable
        return Connection("connected", todo_label(phone, str(error)))
    return Connection("connected", Label(f"Número {phone} conectado.", f"Number {phone} connected."))


def account_of(channel: Channel) -> str:
    return str(channel.config.get("business_account_id") or "")


def point_webhook(channel: Channel, url: str) -> None:
    """Have this one number's events delivered to an address of its own, or, with "", to the app's. Raises BadInput."""
    told = {"override_callback_uri": url} | ({"verify_token": channel.webhook_secret} if url else {})
    set_up(channel, "POST", number_of(channel), {"webhook_configuration": told})


def todo_label(phone: str, reason: str) -> Label:
    return Label(
        f"Número {phone} conectado, mas a Meta não aceitou o endereço deste canal ({reason}). No painel da Meta, em"
        " Webhooks, cole o endereço e, como token de verificação, a última parte dele; assine os campos messages,"
        " user_id_update e smb_message_echoes.",
        f"Number {phone} connected, but Meta did not take this channel's address ({reason}). In Meta's panel, under"
        " Webhooks, paste the address and, as verify token, its last part; subscribe to the fields messages,"
        " user_id_update and smb_message_echoes.",
    )


def get_status(channel: Channel) -> Connection:
    """Whether the token still reaches the number. Raises AuthLost."""
    set_up(channel, "GET", f"{number_of(channel)}?fields=display_phone_number")
    return Connection("connected")


def disconnect(channel: Channel) -> Connection:
    """Have the number's events delivered here no more. The account's subscription stays for its other numbers."""
    point_webhook(channel, "")
    account = account_of(channel)
    if account and not has_others(channel, account):
        set_up(channel, "DELETE", f"{account}/subscribed_apps")
    return Connection("disconnected")


def has_others(channel: Channel, account: str) -> bool:
    """Whether the account has other numbers than this channel's."""
    rows = set_up(channel, "GET", f"{account}/phone_numbers?fields=id").get("data")
    ids = {str(row.get("id")) for row in rows if isinstance(row, dict)} if isinstance(rows, list) else set()
    return bool(ids - {number_of(channel)})


def list_templates(channel: Channel) -> list[TemplateInfo]:
    """The account's templates, with the words of their body."""
    account, after, found = account_of(channel), "", list[TemplateInfo]()
    fields = "name,language,status,category,parameter_format,components"
    for _ in range(MOST_PAGES if account else 0):
        page = f"&after={quote(after, safe='')}" if after else ""
        answer = set_up(channel, "GET", f"{account}/message_templates?limit=100&fields={fields}{page}")
        rows = answer.get("data")
        found += [template_info(row) for row in rows if isinstance(row, dict)] if isinstance(rows, list) else []
        match answer.get("paging"):
            case {"cursors": {"after": str(after)}, "next": str()}:
                continue
            case _:
                break
    return found


def template_info(row: dict[str, Any]) -> TemplateInfo:
    components = [part for part in row.get("components") or () if isinstance(part, dict)]
    text = next((str(part.get("text", "")) for part in components if part.get("type") == "BODY"), "")
    names = list(dict.fromkeys(PARAMETER.findall(text)))
    return TemplateInfo(
        name=str(row.get("name", "")),
        language=str(row.get("language", "")),
        text=text,
        status=str(row.get("status", "")),
        category=str(row.get("category", "")),
        parameters=len(names),
        names=tuple(names) if row.get("parameter_format") == "NAMED" else (),
        parts=tuple(part for component in components for part in parts_of(component)),
    )


def parts_of(component: dict[str, Any]) -> list[TemplatePart]:
    """What a component other than the body takes. A file in the header is chosen anew with each message."""
    if component.get("type") == "HEADER":
        file = FILES.get(str(component.get("format")))
        if file is not None:
            return [TemplatePart("header", file)]
        names = PARAMETER.findall(str(component.get("text", "")))
        return [TemplatePart("header", "text", name="" if name.isdecimal() else name) for name in names]
    return buttons_of(component)


def buttons_of(component: dict[str, Any]) -> list[TemplatePart]:
    """A one-time password's button takes the password as the end of its address."""
    buttons = component.get("buttons") if component.get("type") == "BUTTONS" else None
    found = list[TemplatePart]()
    for index, button in enumerate(buttons if isinstance(buttons, list) else ()):
        kind = button.get("type") if isinstance(button, dict) else None
        if kind == "OTP" or (kind == "URL" and PARAMETER.search(str(button.get("url", "")))):
            found.append(TemplatePart("button", "url", index))
        elif kind == "COPY_CODE":
            found.append(TemplatePart("button", "code", index))
    return found
