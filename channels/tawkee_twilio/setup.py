"""Setting a number or messaging service up: whether the account is there, and its webhook pointed at us."""

import re
from typing import Any
from urllib.parse import urlencode

from tawkee_core import BadInput, Channel, Connection, Label

from .api import account_url, messaging_url, set_up

NEEDS_HTTPS = "Twilio delivers only to a public address: set TAWKEE_PUBLIC_URL to an https one."
NUMBER, SERVICE = re.compile(r"\+\d{5,15}"), re.compile(r"MG[0-9a-zA-Z]{32}")


def connect(channel: Channel) -> Connection:
    """Point what receives at us. Raises AuthLost for wrong credentials, BadInput for a sender that is not there."""
    if not channel.webhook_url.startswith("https://"):
        raise BadInput(NEEDS_HTTPS, slug="public_url_needed")
    point(channel, find_sender(channel), channel.webhook_url)
    sender = str(channel.config.get("sender") or "").strip()
    return Connection("connected", Label(f"Recebendo em {sender}.", f"Receiving at {sender}."))


def get_status(channel: Channel) -> Connection:
    """Whether what the sender receives still comes here. Raises AuthLost."""
    found = find_sender(channel)
    if channel.webhook_url not in (found.get("sms_url"), found.get("inbound_request_url")):
        return Connection("disconnected")
    return Connection("connected")


def disconnect(channel: Channel) -> Connection:
    """Take our webhook away, and leave one that is not ours."""
    found = find_sender(channel)
    if channel.webhook_url in (found.get("sms_url"), found.get("inbound_request_url")):
        point(channel, found, "")
    return Connection("disconnected")


def find_sender(channel: Channel) -> dict[str, Any]:
    """The number or service as Twilio has it, with its `sid`. Raises BadInput when it is not the account's."""
    sender = str(channel.config.get("sender") or "").strip()
    if SERVICE.fullmatch(sender):
        return set_up(channel, "GET", messaging_url(channel, sender))
    if not NUMBER.fullmatch(sender):
        raise BadInput("The sender is a number like +14155550100, or the SID of a messaging service (MG…).")
    query = urlencode({"PhoneNumber": sender})
    found = set_up(channel, "GET", account_url(channel, f"/IncomingPhoneNumbers.json?{query}"))
    numbers = found.get("incoming_phone_numbers")
    if not isinstance(numbers, list) or not numbers or not isinstance(numbers[0], dict):
        raise BadInput(f"The account has no number {sender}.", slug="number_not_found")
    return numbers[0]


def point(channel: Channel, found: dict[str, Any], url: str) -> None:
    """Set where the sender's messages go; a service is told not to leave it to its numbers."""
    sid = str(found.get("sid", ""))
    if SERVICE.fullmatch(sid):
        form = {"InboundRequestUrl": url, "InboundMethod": "POST", "UseInboundWebhookOnNumber": "false"}
        set_up(channel, "POST", messaging_url(channel, sid), form)
    else:
        place = account_url(channel, f"/IncomingPhoneNumbers/{sid}.json")
        set_up(channel, "POST", place, {"SmsUrl": url, "SmsMethod": "POST"})
