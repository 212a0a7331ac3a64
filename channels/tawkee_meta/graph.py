"""The wire to the Graph API: the only file that calls it, and what its errors mean."""

from collections.abc import Mapping
from typing import Any
from urllib.parse import urlencode, urlsplit

from tawkee_core import (
    Ambiguous,
    AuthLost,
    Channel,
    NotSent,
    RateLimited,
    Refused,
    SendError,
    provider,
    safe_http,
)

API = "https://graph.facebook.com"
VERSION = "v25.0"
NAME = "Meta"
MAX_FILE = 100 * 1024 * 1024
FILE_HOSTS = (".facebook.com", ".fbsbx.com", ".whatsapp.net")

# token, permission, account locked, blocked or not paid for, number not registered or its name not approved: nothing
# can be sent until mended
AUTH = frozenset((3, 10, 102, 190, 368, 131005, 131031, 131037, 131042, 131045, 133010, 133016, *range(200, 300)))
# an app's, an account's or a page's calls (80000 to 80014: Instagram 80002, Messenger 80006), one pair's messages
BUSY = frozenset((4, 17, 32, 613, *range(80000, 80015), 130429, 131048, 131056))
AGAIN = frozenset((1, 2, 1200, 131016, 131057, 133004))
# with one of these, code 10 or 200 speaks of one contact and no lost permission (Instagram, Messenger): the window is
# closed, or the person is not there
PERSONAL = frozenset((2534022, 2018278, 1545041))
PAIR_SECONDS = 6.0


def call(
    channel: Channel,
    method: str,
    path: str,
    values: Mapping[str, Any] | None = None,
    files: provider.Files | None = None,
) -> Any:
    """One call under the channel's token; its answer. Raises a SendError: what may be done with the message after
    it."""
    url = f"{base_of(channel)}/{VERSION}/{path}"
    return read_answer(provider.request(NAME, method, url, values, files=files, headers=authorization(channel)))


def renew_token(channel: Channel) -> dict[str, Any]:
    """A long-lived token of Instagram for another 60 days: {access_token, expires_in}. The token goes as the parameter
    that Meta documents, on a path without a version. Raises AuthLost, NotSent, Refused."""
    query = urlencode({"grant_type": "ig_refresh_token", "access_token": str(channel.config.get("token", "")).strip()})
    with provider.asking():
        answer = read_answer(provider.request(NAME, "GET", f"{base_of(channel)}/refresh_access_token?{query}"))
    return answer if isinstance(answer, dict) else {}


def base_of(channel: Channel) -> str:
    return str(channel.config.get("api_url") or API).rstrip("/")


def authorization(channel: Channel) -> dict[str, str]:
    return {"authorization": f"Bearer {str(channel.config.get('token', '')).strip()}"}


def read_answer(answer: safe_http.Answer) -> Any:
    body = provider.read_answer(answer)
    if answer.status < 300 and not (isinstance(body, dict) and "error" in body):
        return body
    error = body.get("error") if isinstance(body, dict) else None
    raise send_error(answer.status, error if isinstance(error, dict) else {})


def send_error(status: int, error: Mapping[str, Any]) -> SendError:
    """What an error object means: {message, type, code, error_subcode?, error_data: {details}}."""
    code, text = error.get("code"), explain(status, error)
    if error.get("error_subcode") in PERSONAL or code == 551:
        return Refused(text)
    if code in AUTH or status == 401:
        return AuthLost(text)
    if code in BUSY or status == 429:
        return RateLimited(text, retry_after=PAIR_SECONDS if code == 131056 else 60.0)
    if code in AGAIN:
        return NotSent(text)
    if code is None or code == 131000 or status >= 500:
        return Ambiguous(text)
    return Refused(text)


def explain(status: int, error: Mapping[str, Any]) -> str:
    """Meta's own words with the code, in one line."""
    data = error.get("error_data")
    details = data.get("details") if isinstance(data, dict) else None
    words = str(details or error.get("message") or error.get("title") or f"status {status}")[:300]
    return f"({error['code']}) {words}" if error.get("code") is not None else words


def set_up(channel: Channel, method: str, path: str, values: Mapping[str, Any] | None = None) -> dict[str, Any]:
    """A call that is no message. Raises AuthLost, NotSent, RateLimited, or BadInput with Meta's own words."""
    with provider.setting_up(NAME):
        answer = call(channel, method, path, values)
    return answer if isinstance(answer, dict) else {}


def download(channel: Channel, url: str) -> safe_http.Answer:
    """A file of a message. Raises NotSent, or Refused when it is gone."""
    return provider.download(NAME, url, MAX_FILE, lambda at: authorization(channel) if is_meta(channel, at) else {})


def is_meta(channel: Channel, url: str) -> bool:
    """Whether an address may see the token, which some of Meta's own file servers want."""
    parts = urlsplit(url)
    ours = parts.scheme == "https" and (parts.hostname or "").endswith(FILE_HOSTS)
    return ours or url.startswith(base_of(channel) + "/")
