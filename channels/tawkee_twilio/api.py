"""The wire to Twilio: the only file that calls it, and what its errors mean."""

import base64
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

from tawkee_core import Ambiguous, AuthLost, Channel, RateLimited, Refused, SendError, provider, safe_http

NAME = "Twilio"
API = "https://api.twilio.com"
MESSAGING = "https://messaging.twilio.com"
MAX_FILE = 5 * 1024 * 1024
# account suspended, closed or not found, credentials wrong
AUTH = frozenset((20003, 20005, 20006, 20008, 20403, 20404, 30002, 90010))
# too many calls, the number's queue full, the day's limit
BUSY = {20429: 30.0, 14107: 30.0, 21611: 60.0, 63038: 3600.0}


def carry(channel: Channel, method: str, url: str, form: Mapping[str, str] | None = None) -> safe_http.Answer:
    """One call under the account. Raises NotSent, Ambiguous or AuthLost; any status is an answer."""
    return provider.request(NAME, method, url, data=form, headers=authorization(channel), max_bytes=4 * 1024 * 1024)


def call(channel: Channel, method: str, url: str, form: Mapping[str, str] | None = None) -> dict[str, Any]:
    """One call's result. Raises a SendError: what may be done with the message after it."""
    return read_answer(carry(channel, method, url, form))


def account_url(channel: Channel, path: str) -> str:
    """The address of something of the account's: `Messages.json`."""
    return f"{base_of(channel)}/2010-04-01/Accounts/{account_of(channel)}{path}"


def messaging_url(channel: Channel, service: str) -> str:
    """The address of a messaging service, which lives on another host unless the owner has a server of its own."""
    base = base_of(channel)
    return f"{MESSAGING if base == API else base}/v1/Services/{service}"


def base_of(channel: Channel) -> str:
    return str(channel.config.get("api_url") or API).rstrip("/")


def account_of(channel: Channel) -> str:
    account = str(channel.config.get("account_sid") or "").strip()
    if not (account.isascii() and account.isalnum()):
        raise AuthLost("The account's SID is missing or malformed.")
    return account


def authorization(channel: Channel) -> dict[str, str]:
    pair = f"{account_of(channel)}:{str(channel.config.get('auth_token') or '').strip()}"
    return {"authorization": "Basic " + base64.b64encode(pair.encode()).decode()}


def read_answer(answer: safe_http.Answer) -> dict[str, Any]:
    body = provider.read_answer(answer)
    fields = body if isinstance(body, dict) else {}
    if answer.status >= 400:
        raise send_error(answer, fields)
    return fields


def send_error(answer: safe_http.Answer, error: Mapping[str, Any]) -> SendError:
    """What an error means: {code, message, more_info, status}."""
    code = error.get("code")
    text = f"({code}) {str(error.get('message'))[:300]}" if code else f"status {answer.status}"
    if code in AUTH or answer.status == 401:
        return AuthLost(f"Twilio refuses the account: {text}")
    if code in BUSY or answer.status == 429:
        return RateLimited(text, retry_after=provider.retry_after(answer, BUSY.get(code or 0, 30.0)))
    if code == 21610:
        return Refused(f"The contact answered STOP and takes no more messages: {text}")
    return Refused(text) if answer.status < 500 else Ambiguous(text)


def set_up(channel: Channel, method: str, url: str, form: Mapping[str, str] | None = None) -> dict[str, Any]:
    """A call that is no message. Raises AuthLost, NotSent, RateLimited, or BadInput with Twilio's own words."""
    with provider.setting_up(NAME):
        return call(channel, method, url, form)


def download(channel: Channel, url: str) -> bytes:
    """A received file. Twilio sends on to its store, which must not see the account's credentials.

    Raises NotSent, or Refused when it is gone."""
    seen = provider.download(NAME, url, MAX_FILE, lambda at: authorization(channel) if is_twilio(channel, at) else {})
    return seen.body


def is_twilio(channel: Channel, url: str) -> bool:
    """Whether an address may see the account's credentials."""
    parts = urlsplit(url)
    ours = parts.scheme == "https" and (parts.hostname or "").endswith(".twilio.com")
    return ours or url.startswith(base_of(channel) + "/")
