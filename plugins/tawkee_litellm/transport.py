"""HTTP to the providers: one client a thread, and answers bounded in bytes and in time.

A client shared by 200 threads costs twice to five times the CPU and fails calls at 400 (reference: performance L4).
"""

import ssl
import threading
import time
import weakref
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import lru_cache

import httpx

from tawkee_core import ModelNonsense

MAX_ANSWER = 8 * 1024 * 1024


@dataclass
class Heard:
    """What the provider answered to this thread's last request; status 0 when it did not."""

    status: int = 0
    headers: Mapping[str, str] = field(default_factory=dict)


class BoundedStream(httpx.SyncByteStream):
    def __init__(self, stream: httpx.SyncByteStream, deadline: float) -> None:
        self.stream, self.deadline = stream, deadline

    def __iter__(self) -> Iterator[bytes]:
        size = 0
        for chunk in self.stream:
            size += len(chunk)
            if size > MAX_ANSWER:
                raise ModelNonsense(f"The model's service answered more than {MAX_ANSWER} bytes.")
            if time.monotonic() > self.deadline:
                raise httpx.ReadTimeout("the answer came too slowly")
            yield chunk

    def close(self) -> None:
        self.stream.close()


class BoundedTransport(httpx.BaseTransport):
    """Refuses what is no JSON, compressed against our wish, too large, or slower in all than the call's timeout."""

    def __init__(self) -> None:
        self.inner = httpx.HTTPTransport(verify=share_certificates(), limits=httpx.Limits(max_connections=4))
        self.heard = Heard()

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        self.heard = Heard()
        deadline = time.monotonic() + (request.extensions.get("timeout", {}).get("read") or 60)
        response = self.inner.handle_request(request)
        self.heard = Heard(response.status_code, response.headers)
        kind, encoding = response.headers.get("content-type", ""), response.headers.get("content-encoding", "identity")
        if response.is_success and ("json" not in kind or encoding != "identity"):
            response.close()
            raise ModelNonsense(f"The model's service answered {kind or 'nothing known'} instead of JSON.")
        assert isinstance(response.stream, httpx.SyncByteStream)
        response.stream = BoundedStream(response.stream, deadline)
        return response

    def close(self) -> None:
        self.inner.close()


@lru_cache(maxsize=1)
def share_certificates() -> ssl.SSLContext:
    """One context for all clients: each costs 20 ms and a megabyte."""
    return httpx.create_ssl_context()


class Caller:
    """One thread's client, and what was heard through it. Its connections end with the thread."""

    def __init__(self) -> None:
        self.transport = BoundedTransport()
        self.client = httpx.Client(transport=self.transport, headers={"Accept-Encoding": "identity"})
        weakref.finalize(self, self.client.close)


threads = threading.local()


def find_caller() -> Caller:
    """This thread's own."""
    if not hasattr(threads, "caller"):
        threads.caller = Caller()
    caller: Caller = threads.caller
    return caller
