"""How Twilio proves a webhook: HMAC-SHA1 of our public address followed by every form field, sorted by name.

Facts: twilio-python request_validator.py; twilio.com/docs/usage/security. Twilio may sign the address with its port or
without, and adds fields without notice, so all that came are signed."""

import base64
import hashlib
import hmac
from collections.abc import Mapping, Sequence
from urllib.parse import parse_qs, urlsplit

from tawkee_core import BadPayload, Channel, InvalidWebhook

SIGNATURE = "x-twilio-signature"
MAX_FIELDS = 500
PORTS = {"https": 443, "http": 80}


def verify_signature(channel: Channel, headers: Mapping[str, str], body: bytes) -> bool:
    """True for a webhook that the account's auth token signed. Raises InvalidWebhook."""
    token = str(channel.config.get("auth_token") or "").strip()
    given = headers.get(SIGNATURE, "").encode("utf-8", "replace")
    try:
        fields = read_fields(body)
    except BadPayload as error:
        raise InvalidWebhook() from error
    expected = [sign(token, url, fields) for url in spellings(channel.webhook_url)]
    # every spelling is compared, so that the time taken tells nothing
    if not token or not any([hmac.compare_digest(given, each.encode()) for each in expected]):
        raise InvalidWebhook()
    return True


def sign(token: str, url: str, fields: Mapping[str, Sequence[str]]) -> str:
    """The signature of a form; of a field that comes several times, each different value counts once."""
    told = "".join(name + value for name in sorted(fields) for value in sorted(set(fields[name])))
    digest = hmac.new(token.encode(), (url + told).encode("utf-8", "replace"), hashlib.sha1).digest()
    return base64.b64encode(digest).decode()


def spellings(url: str) -> list[str]:
    """An address as it is, and without its port, or with the usual one."""
    parts = urlsplit(url)
    host, colon, port = parts.netloc.rpartition(":")
    if colon and port.isdecimal():
        return [url, parts._replace(netloc=host).geturl()]
    return [url, parts._replace(netloc=f"{parts.netloc}:{PORTS.get(parts.scheme, 443)}").geturl()]


def read_fields(body: bytes) -> dict[str, list[str]]:
    """The fields of a form. Raises BadPayload when there are too many."""
    try:
        return parse_qs(body.decode("utf-8", "replace"), keep_blank_values=True, max_num_fields=MAX_FIELDS)
    except ValueError as error:
        raise BadPayload("The form has too many fields.") from error
