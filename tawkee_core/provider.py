"""What every channel does with its provider's API: calls it, and says of a failure what may be done with the message.

Around `safe_http`; what a provider's own statuses and codes mean stays with its channel."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any, TypeVar
from urllib.parse import urljoin

import structlog

from . import safe_http
from .errors import (
    Ambiguous,
    AnswerLost,
    AuthLost,
    BadInput,
    BadPayload,
    ConnectFailed,
    NotSent,
    RateLimited,
    Refused,
    TooLarge,
    UnsafeUrl,
)
from .types import ChannelEvent, Ignored

SECONDS = 12.0
DOWNLOAD_SECONDS = 30.0
MOST_PATIENCE = 3600.0
MOST_HOPS = 4
GONE = frozenset((400, 403, 404, 410))
SENT_ON = frozenset((301, 302, 303, 307, 308))
Item = TypeVar("Item")
Files = Mapping[str, tuple[str, bytes, str]]
log = structlog.get_logger()


def request(
    name: str,
    method: str,
    url: str,
    values: Mapping[str, Any] | None = None,
    *,
    files: Files | None = None,
    timeout: float = SECONDS,
    **more: Any,
) -> safe_http.Answer:
    """`safe_http.request` with the failures of sending; any status is an answer. `name` is the provider's, for people;
    `values` go as JSON, or as the form's fields beside `files`.

    Raises NotSent when nothing left, Ambiguous when the answer was lost, AuthLost for an address or a key that cannot
    be used."""
    form = {key: str(value) for key, value in (values or {}).items()}
    sent: dict[str, Any] = {"data": form, "files": files} if files else {} if values is None else {"json": values}
    try:
        return safe_http.request(method, url, timeout=timeout, **sent, **more)
    except UnsafeUrl as error:
        raise AuthLost(f"The address of {name} may not be called from here.") from error
    except BadInput as error:
        raise AuthLost(f"The key for {name} is malformed.") from error
    except ConnectFailed as error:
        raise NotSent(f"{name} could not be reached.") from error
    except (AnswerLost, TooLarge) as error:
        raise Ambiguous(f"The answer of {name} was lost.") from error


def read_answer(answer: safe_http.Answer) -> Any:
    """The answer's JSON, {} where there is none to be. What is no JSON is a proxy's and tells nothing of the message.

    Raises RateLimited, Ambiguous."""
    if answer.status == 204:
        return {}
    try:
        return answer.read_json()
    except BadPayload as error:
        if answer.status == 429:
            raise RateLimited("status 429", retry_after=retry_after(answer)) from error
        raise Ambiguous(f"The answer is no JSON (status {answer.status}).") from error


def retry_after(answer: safe_http.Answer, otherwise: float = 30.0) -> float:
    """The seconds of patience that a provider's header asks for."""
    seconds = answer.headers.get("retry-after", "")
    return min(float(seconds), MOST_PATIENCE) if seconds.isdecimal() else otherwise


@contextmanager
def setting_up(name: str) -> Iterator[None]:
    """Around calls that are no message: a refusal is told to who sets the channel up, a lost answer may be asked again.

    Raises BadInput with the provider's own words, NotSent, and what else comes."""
    try:
        yield
    except Refused as error:
        raise BadInput(f"{name} refuses: {error}", slug="provider_refused") from error
    except Ambiguous as error:
        raise NotSent(str(error)) from error


@contextmanager
def asking() -> Iterator[None]:
    """Around calls that change nothing: a lost answer or a rate limit means to ask again. Raises NotSent."""
    try:
        yield
    except (Ambiguous, RateLimited) as error:
        raise NotSent(str(error)) from error


def download(
    name: str, url: str, max_bytes: int, authorize: Callable[[str], Mapping[str, str]] = lambda _: {}
) -> safe_http.Answer:
    """A file, also where it is sent on to. `authorize` gives the headers that an address may see.

    Raises NotSent to be asked again, Refused when it is gone, too large or at no address to be called, AuthLost."""
    for _ in range(MOST_HOPS):
        answer = fetch(name, url, max_bytes, authorize(url))
        if answer.status not in SENT_ON:
            return check_file(name, answer)
        url = urljoin(url, answer.headers.get("location", ""))
    raise Refused("The file is sent on in a circle.")


def fetch(name: str, url: str, max_bytes: int, headers: Mapping[str, str]) -> safe_http.Answer:
    try:
        return safe_http.request("GET", url, headers=headers, timeout=DOWNLOAD_SECONDS, max_bytes=max_bytes)
    except (TooLarge, UnsafeUrl) as error:
        raise Refused(str(error)) from error
    except (ConnectFailed, AnswerLost) as error:
        raise NotSent(f"The files of {name} could not be reached.") from error


def check_file(name: str, answer: safe_http.Answer) -> safe_http.Answer:
    if answer.status == 200:
        return answer
    if answer.status == 401:
        raise AuthLost(f"{name} refuses the key.")
    raise Refused("The file is gone.") if answer.status in GONE else NotSent(f"status {answer.status}")


def read_each(items: Iterable[Item], read: Callable[[Item], Iterable[ChannelEvent]]) -> list[ChannelEvent]:
    """The events of a webhook's items: a broken one does not lose the others. Raises BadPayload when none is whole."""
    events: list[ChannelEvent] = []
    broken: list[BadPayload] = []
    whole = 0
    for item in items:
        try:
            events += read(item)
            whole += 1
        except BadPayload as error:
            broken.append(error)
            events.append(Ignored(f"unreadable: {error}"[:200]))
    if broken and not whole:
        raise broken[-1]
    if broken:  # one line a webhook, since whoever sends it says how many items it has
        log.warning("webhook_items_unreadable", broken=len(broken), whole=whole, reason=str(broken[-1])[:200])
    return events
