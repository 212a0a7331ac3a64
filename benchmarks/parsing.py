"""What it costs to verify and read one webhook of each channel, in one thread: the plugin's part alone."""

import hashlib
import hmac
import json
import time
from base64 import b64encode
from collections.abc import Callable
from typing import Any, NamedTuple
from urllib.parse import urlencode

from tawkee_core.plugins import Plugins
from tawkee_core.types import Channel, Fetch, Incoming

from .figures import Figure, check, percentile
from .payload import message_body

SECRET = "a-secret-of-forty-characters-or-so-for-it"
URL = "https://tawkee.example/webhooks/c/t"
CALLS = 400
GOAL_MS = 1.0


class Sample(NamedTuple):
    """One webhook, and the configuration of the channel that it comes to."""

    config: dict[str, Any]
    headers: dict[str, str]
    body: bytes


def measure() -> list[Figure]:
    """One figure a channel: the median of its calls."""
    plugins = Plugins()
    plugins.load_installed()
    return [measure_kind(plugins, kind, make()) for kind, make in SAMPLES.items()]


def measure_kind(plugins: Plugins, kind: str, sample: Sample) -> Figure:
    plugin = plugins.channel(kind)
    channel = Channel("c", "w", "a", kind, kind, sample.config, URL, SECRET)
    spent = []
    for _ in range(CALLS):
        started = time.perf_counter()
        verified = plugin.channel_verify(channel=channel, headers=sample.headers, body=sample.body)
        events = plugin.channel_parse(channel=channel, headers=sample.headers, body=sample.body)
        spent.append(1000 * (time.perf_counter() - started))
    check(verified is not None and bool(verified), f"{kind} refused its own webhook: {verified}")
    first = events[0] if events else None
    check(isinstance(first, Incoming | Fetch), f"{kind} read {events}")
    return Figure(f"verify and read one webhook, {kind}", "ms", [percentile(spent, 0.5)], GOAL_MS, "most")


def evolution() -> Sample:
    body = message_body("5511955551234", "BENCH1", "Bom dia, vocês abrem hoje?")
    return Sample({"instance": "bench"}, {"authorization": f"Bearer {SECRET}"}, body)


def zapi() -> Sample:
    message = {"messageId": "BENCH1", "phone": "5511955551234", "fromMe": False, "momment": 1760000000000}
    sender = {"status": "RECEIVED", "chatName": "Rita", "senderName": "Rita", "type": "ReceivedCallback"}
    body = {"instanceId": "3C01", **message, **sender, "text": {"message": "Bom dia, vocês abrem hoje?"}}
    return Sample({"instance_id": "3C01", "instance": "3C01", "token": "t"}, {}, json.dumps(body).encode())


def telegram() -> Sample:
    person = {"id": 42, "is_bot": False, "first_name": "Rita"}
    message = {"message_id": 7, "from": person, "chat": {"id": 42, "type": "private"}, "date": 1, "text": "Bom dia"}
    body = json.dumps({"update_id": 1, "message": message}).encode()
    return Sample({}, {"x-telegram-bot-api-secret-token": SECRET}, body)


def signed_by_meta(body: dict[str, Any]) -> Sample:
    raw = json.dumps(body).encode()
    signature = hmac.new(SECRET.encode(), raw, hashlib.sha256).hexdigest()
    return Sample({"app_secret": SECRET}, {"x-hub-signature-256": f"sha256={signature}"}, raw)


def whatsapp_cloud() -> Sample:
    message = {"id": "wamid.1", "from": "5511955551234", "timestamp": "1760000000", "type": "text"}
    people = [{"profile": {"name": "Rita"}, "wa_id": "5511955551234", "user_id": "BR.1"}]
    value = {"messaging_product": "whatsapp", "metadata": {"phone_number_id": "1"}, "contacts": people}
    value["messages"] = [message | {"text": {"body": "Bom dia, vocês abrem hoje?"}}]
    change = {"field": "messages", "value": value}
    return signed_by_meta({"object": "whatsapp_business_account", "entry": [{"id": "2", "changes": [change]}]})


def direct(name: str) -> Callable[[], Sample]:
    item = {"sender": {"id": "1"}, "recipient": {"id": "2"}, "timestamp": 1, "message": {"mid": "m", "text": "Oi"}}
    return lambda: signed_by_meta({"object": name, "entry": [{"id": "2", "time": 1, "messaging": [item]}]})


def mercado_livre() -> Sample:
    body = {"resource": "/questions/5036111111", "user_id": 1, "topic": "questions", "application_id": 2}
    return Sample({"client_id": "2"}, {}, json.dumps(body).encode())


def twilio() -> Sample:
    form = {"MessageSid": "SM1", "AccountSid": "AC1", "From": "+14155550100", "To": "+14155550199", "Body": "Oi"}
    signed = URL + "".join(name + form[name] for name in sorted(form))
    signature = b64encode(hmac.new(SECRET.encode(), signed.encode(), hashlib.sha1).digest()).decode()
    headers = {"x-twilio-signature": signature, "content-type": "application/x-www-form-urlencoded"}
    return Sample({"account_sid": "AC1", "auth_token": SECRET, "sender": form["To"]}, headers, urlencode(form).encode())


SAMPLES: dict[str, Callable[[], Sample]] = {
    "evolution": evolution,
    "zapi": zapi,
    "telegram": telegram,
    "whatsapp_cloud": whatsapp_cloud,
    "instagram": direct("instagram"),
    "messenger": direct("page"),
    "mercado_livre": mercado_livre,
    "twilio": twilio,
}
