"""The only way to a URL that somebody gave us.

The name is resolved once and the connection goes to the address that was checked; no redirects, no proxies, one
deadline for the whole call, a limit on the decompressed answer. The error tells whether the request may have arrived.
"""

import json as jsonlib
import re
import ssl
import time
import zlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from http.client import HTTPException, HTTPMessage, HTTPResponse, IncompleteRead
from ipaddress import ip_address
from typing import Any
from urllib.parse import urlencode

from .errors import AnswerLost, BadInput, ConnectFailed, TooLarge
from .safe_hosts import PORTS, Policy, Target, read_policy, read_url
from .safe_lines import Line, Stale, keep_line, open_line, take_line
from .wire import read_json

MIB = 1024 * 1024
OURS = frozenset("host content-length transfer-encoding connection upgrade te trailer keep-alive expect".split())
HEADER_NAME = re.compile(r"[a-z0-9_-]+")
HEADER_VALUE = re.compile(r"[\t\x20-\x7e\xa0-\xff]*")
SAFE_METHODS = ("GET", "HEAD", "OPTIONS")
process_policy = Policy()


@dataclass(frozen=True)
class Answer:
    """What came back; header names are lower case, the body is decompressed."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    def read_json(self) -> Any:
        """The body as JSON. Raises BadPayload."""
        return read_json(self.body)


def allow_hosts(private_hosts: str) -> None:
    """Let this process call these hosts on private addresses: names or CIDRs, by comma. Raises BadInput."""
    global process_policy
    process_policy = read_policy(private_hosts)


def check_url(url: str) -> None:
    """Raise UnsafeUrl for what is no plain http(s) URL or holds an address that may not be called; names are looked up
    only when they are called."""
    target = read_url(url)
    try:
        ip_address(target.host)
    except ValueError:  # a name
        return
    process_policy.find_addresses(target, 1.0)


def request(
    method: str,
    url: str,
    *,
    json: Any = None,
    data: bytes | Mapping[str, str] | None = None,
    files: Mapping[str, tuple[str, bytes, str]] | None = None,
    headers: Mapping[str, str] | None = None,
    timeout: float,
    max_bytes: int = MIB,
    policy: Policy | None = None,
) -> Answer:
    """Call a URL; any status is an answer. `files`: field → (filename, bytes, MIME type); `timeout` is for all of it.

    Raises UnsafeUrl and ConnectFailed when nothing was sent, AnswerLost and TooLarge when it may have arrived."""
    deadline = time.monotonic() + timeout
    policy = policy or process_policy
    target = read_url(url)
    content, content_type = encode_body(json, data, files)
    message = write_head(method, target, headers or {}, content, content_type) + content
    place = (policy, target.scheme, target.host, target.port)
    idle = take_line(place)
    try:
        return exchange(idle or new_line(policy, target, deadline), place, method, message, deadline, max_bytes)
    except Stale as error:
        if idle is None:
            raise ConnectFailed() from error
    try:  # the idle one was closed while it lay there, and took nothing
        return exchange(new_line(policy, target, deadline), place, method, message, deadline, max_bytes)
    except Stale as error:
        raise ConnectFailed() from error


def new_line(policy: Policy, target: Target, deadline: float) -> Line:
    return open_line(policy, target, deadline, tls_context() if target.scheme == "https" else None)


def exchange(line: Line, place: Any, method: str, message: bytes, deadline: float, max_bytes: int) -> Answer:
    """Send a request and read its answer on one connection, which is kept when it can be used again."""
    line.deadline = deadline
    response = HTTPResponse(line, method=method)  # type: ignore[arg-type]  # it only calls makefile
    try:
        line.send(message)
        response.begin()
        body = read_body(response, max_bytes)
    except TooLarge:
        line.close()
        raise
    except (OSError, HTTPException, zlib.error) as error:
        line.close()
        if is_stale(line, method, error):
            raise Stale() from error
        raise AnswerLost() from error
    finally:
        response.close()
    if response.will_close or response.status < 200:
        line.close()
    else:
        keep_line(place, line)
    return Answer(response.status, read_headers(response.headers), body)


def is_stale(line: Line, method: str, error: Exception) -> bool:
    """Whether the same request may go out again on a new connection."""
    if not line.sent:
        return True
    return line.used and not line.received and method in SAFE_METHODS and not isinstance(error, TimeoutError)


def read_headers(headers: HTTPMessage) -> dict[str, str]:
    return {name.lower(): value for name, value in headers.items()}


def read_body(response: HTTPResponse, max_bytes: int) -> bytes:
    """The whole body, decompressed, at most `max_bytes`. Raises TooLarge, IncompleteRead, zlib.error."""
    if response.length is not None and response.length > max_bytes:
        raise TooLarge("The answer is too large.")
    expand = expander(response.headers.get("content-encoding", "").strip().lower())
    body = bytearray()
    while piece := response.read(65536):
        body += expand(piece, max_bytes - len(body) + 1)
        if len(body) > max_bytes:
            raise TooLarge("The answer is too large.")
    if response.length:
        raise IncompleteRead(bytes(body))
    return bytes(body)


def expander(encoding: str) -> Callable[[bytes, int], bytes]:
    """What turns pieces of a body into plain bytes, at most so many at a time."""
    if encoding in ("", "identity"):
        return lambda piece, room: piece
    if encoding not in ("gzip", "x-gzip", "deflate"):
        raise zlib.error(f"no way to read {encoding!r}")
    return zlib.decompressobj(zlib.MAX_WBITS | 32).decompress


def encode_body(
    json: Any, data: bytes | Mapping[str, str] | None, files: Mapping[str, tuple[str, bytes, str]] | None
) -> tuple[bytes, str]:
    """The body and its content type: multipart when there are files, else JSON, else bytes as they are or a form."""
    if files is not None:
        from urllib3.filepost import encode_multipart_formdata

        fields = dict(data) if isinstance(data, Mapping) else {}
        return encode_multipart_formdata({**fields, **files})
    if json is not None:
        text = jsonlib.dumps(json, ensure_ascii=False, separators=(",", ":"))
        return text.encode("utf-8", "replace"), "application/json"
    if isinstance(data, Mapping):
        return urlencode(data).encode(), "application/x-www-form-urlencoded"
    return data or b"", "application/octet-stream" if data else ""


def write_head(method: str, target: Target, headers: Mapping[str, str], content: bytes, content_type: str) -> bytes:
    """The request line and headers. Raises BadInput for a header that is ours to set or breaks its line."""
    host = f"[{target.host}]" if ":" in target.host else target.host
    port = "" if target.port == PORTS[target.scheme] else f":{target.port}"
    lines = {"host": host + port, "user-agent": "Tawkee", "accept": "*/*", "accept-encoding": "identity"}
    if content or method not in SAFE_METHODS:
        lines["content-length"] = str(len(content))
    if content_type:
        lines["content-type"] = content_type
    for name, value in headers.items():
        check_header(name.lower(), value)
        lines[name.lower()] = value
    text = "".join(f"{name}: {value}\r\n" for name, value in lines.items())
    return f"{method} {target.path} HTTP/1.1\r\n{text}\r\n".encode("latin-1")


def check_header(name: str, value: str) -> None:
    if name in OURS or name.startswith("proxy-") or not HEADER_NAME.fullmatch(name):
        raise BadInput(f"The header {name!r} may not be set.")
    if not HEADER_VALUE.fullmatch(value):
        raise BadInput(f"The header {name!r} may hold only one line of Latin-1 text.")


@lru_cache(maxsize=1)
def tls_context() -> ssl.SSLContext:
    """The system's certificate authorities and certifi's: a small image may have only the latter."""
    import certifi

    context = ssl.create_default_context()
    context.load_verify_locations(certifi.where())
    return context
