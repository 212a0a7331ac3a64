"""The wire to the Graph API: the only file that calls it, and what its errors mean."""

from collections.abc import Mapping
from typing import Any

from tawkee_core import (
    Ambiguous,
    AnswerLost,
    AuthLost,
    BadInput,
    BadPayload,
    Channel,
    ConnectFailed,
    NotSent,
    RateLimited,
    Refused,
    SendError,
    TooLarge,
    UnsafeUrl,
    safe_http,
)

API = "https://graph.facebook.com"
VERSION = "v25.0"
SECONDS = 12.0
MAX_FILE = 100 * 1024 * 1024
Files = Mapping[str, tuple[str, bytes, str]]

AUTH = frozenset((10, 102, 190, 131031, 131005, 133010, 133016, *range(200, 300)))
BUSY = frozenset((4, 17, 32, 613, 80007, 130429, 131048, 131056))
AGAIN = frozenset((1, 2, 1200, 131016, 131057, 133004))
# code 10 with one of these is a closed window and no lost permission (Instagram, Messenger)
WINDOW = frozenset((2534022, 2018278))
PAIR_SECONDS = 6.0


def call(
    channel: Channel, method: str, path: str, values: Mapping[str, Any] | None = None, files: Files | None = None
) -> Any:
    """One call under the channel's token; its answer. Raises a SendError: what may be done with the message after
    it."""
    base = str(channel.config.get("api_url") or API).rstrip("/")
    headers = {"authorization": f"Bearer {str(channel.config.get('token', '')).strip()}"}
    url = f"{base}/{VERSION}/{path}"
    try:
        if files:
            form = {name: str(value) for name, value in (values or {}).items()}
            answer = safe_http.request(method, url, data=form, files=files, headers=headers, timeout=SECONDS)
        else:
            answer = safe_http.request(method, url, json=values, headers=headers, timeout=SECONDS)
    except UnsafeUrl as error:
        raise AuthLost("The Graph API's address may not be called from here.") from error
    except ConnectFailed as error:
        raise NotSent("Meta could not be reached.") from error
    except (AnswerLost, TooLarge) as error:
        raise Ambiguous("Meta's answer was lost.") from error
    return read_answer(answer)


def read_answer(answer: safe_http.Answer) -> Any:
    try:
        body = answer.read_json()
    except BadPayload as error:
        raise Ambiguous(f"The answer is no JSON (status {answer.status}).") from error
    if answer.status < 300 and not (isinstance(body, dict) and "error" in body):
        return body
    error_body = body.get("error") if isinstance(body, dict) else None
    raise send_error(answer.status, error_body if isinstance(error_body, dict) else {})


def send_error(status: int, error: Mapping[str, Any]) -> SendError:
    """What an error object means: {message, type, code, error_subcode?, error_data: {details}}."""
    code, text = error.get("code"), explain(status, error)
    if error.get("error_subcode") in WINDOW or code == 551:
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
    try:
        answer = call(channel, method, path, values)
    except Refused as error:
        raise BadInput(f"Meta refuses: {error}", slug="provider_refused") from error
    except Ambiguous as error:
        raise NotSent(str(error)) from error
    return answer if isinstance(answer, dict) else {}


def download(channel: Channel, url: str) -> bytes:
    """A file of a message; Meta wants the token there too. Raises NotSent, or Refused when it is gone."""
    headers = {"authorization": f"Bearer {str(channel.config.get('token', '')).strip()}"}
    try:
        answer = safe_http.request("GET", url, headers=headers, timeout=30.0, max_bytes=MAX_FILE)
    except (TooLarge, UnsafeUrl) as error:
        raise Refused(str(error)) from error
    except (ConnectFailed, AnswerLost) as error:
        raise NotSent("Meta could not be reached.") from error
    if answer.status == 200:
        return answer.body
    raise Refused("The file is gone.") if answer.status in (400, 404, 410) else NotSent(f"status {answer.status}")
