"""The connections behind `safe_http`: opened to checked addresses, used by one caller at a time, kept shortly.

Kept in one stack a place, newest first: as many connections as calls at once, whichever threads make them, and taking
one costs a lock and a pop (a pooling client shared by 200 threads was measured to take 2-5 times the CPU of a call).
"""

import io
import os
import select
import socket
import ssl
import threading
import time
from collections import deque
from typing import Any

from .errors import ConnectFailed
from .safe_hosts import Policy, Target

IDLE_SECONDS = 4.0  # Node's servers close after 5
CONNECT_SECONDS = 5.0
CHUNK = 262_144


class Stale(Exception):
    """The connection broke before a byte of the request was taken, or before a repeatable request got any answer."""


class Line:
    """A connection whose every read and write ends at `deadline`; what an HTTPResponse takes for a socket."""

    def __init__(self, sock: socket.socket) -> None:
        self.sock = sock
        self.deadline = 0.0
        self.idle_since = 0.0
        self.used = False
        self.sent = 0
        self.received = 0

    def send(self, message: bytes) -> None:
        """Write it all, counting in `sent` what the kernel took."""
        self.sent = self.received = 0
        view = memoryview(message)
        while self.sent < len(view):
            self.limit()
            self.sent += self.sock.send(view[self.sent : self.sent + CHUNK])

    def limit(self) -> None:
        left = self.deadline - time.monotonic()
        if left <= 0:
            raise TimeoutError()
        self.sock.settimeout(left)

    def makefile(self, *_: Any, **__: Any) -> io.BufferedReader:
        return io.BufferedReader(Reader(self), CHUNK // 4)

    def is_usable(self) -> bool:
        """Whether it is young and silent: anything to read on an idle connection is its end, or out of turn."""
        if time.monotonic() - self.idle_since > IDLE_SECONDS:
            return False
        poll = select.poll()
        poll.register(self.sock, select.POLLIN)
        return not poll.poll(0)

    def close(self) -> None:
        self.sock.close()

    __del__ = close


class Reader(io.RawIOBase):
    """Reads a line under its deadline; closing it leaves the line open."""

    def __init__(self, line: Line) -> None:
        self.line = line

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        self.line.limit()
        count = self.line.sock.recv_into(buffer)
        self.line.received += count
        return count


def open_line(policy: Policy, target: Target, deadline: float, context: ssl.SSLContext | None) -> Line:
    """Connect to the first checked address that answers. Raises UnsafeUrl and ConnectFailed."""
    failure: OSError = TimeoutError()
    for address in policy.find_addresses(target, max(0.0, deadline - time.monotonic()))[:4]:
        left = min(CONNECT_SECONDS, deadline - time.monotonic())
        if left <= 0:
            break
        try:
            return Line(connect(address, target, left, context))
        except OSError as error:
            failure = error
    raise ConnectFailed() from failure


def connect(address: str, target: Target, timeout: float, context: ssl.SSLContext | None) -> socket.socket:
    """A connection, TLS included, within so many seconds. Raises OSError."""
    deadline = time.monotonic() + timeout
    sock = socket.create_connection((address, target.port), timeout)
    try:
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        sock.settimeout(max(0.001, deadline - time.monotonic()))
        return context.wrap_socket(sock, server_hostname=target.host.rstrip(".")) if context else sock
    except (OSError, ValueError) as error:  # ValueError: a host that can be no server name
        sock.close()
        raise error if isinstance(error, OSError) else OSError(str(error)) from error


class Stacks:
    """The idle lines of this process, by place."""

    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.lines: dict[Any, deque[Line]] = {}

    def take(self, place: Any) -> Line | None:
        while True:
            with self.lock:
                stack = self.lines.get(place)
                line = stack.pop() if stack else None
            if line is None or line.is_usable():
                return line
            line.close()

    def keep(self, place: Any, line: Line) -> None:
        line.used, line.idle_since = True, time.monotonic()
        with self.lock:
            self.lines.setdefault(place, deque()).append(line)
            old = self.drop_old(line.idle_since - IDLE_SECONDS)
        for each in old:
            each.close()

    def drop_old(self, before: float) -> list[Line]:
        """Take out what lay idle for too long, oldest first in every stack."""
        old = []
        for place in list(self.lines):
            stack = self.lines[place]
            while stack and stack[0].idle_since < before:
                old.append(stack.popleft())
            if not stack:
                del self.lines[place]
        return old


stacks = Stacks()


def take_line(place: Any) -> Line | None:
    """A kept connection to this place that is fit for use."""
    return stacks.take(place)


def keep_line(place: Any, line: Line) -> None:
    """Keep a connection for the next call to this place; what lay idle for too long is closed."""
    stacks.keep(place, line)


def forget_lines() -> None:
    """Start anew in a forked child: the parent goes on using its connections."""
    global stacks
    stacks = Stacks()


os.register_at_fork(after_in_child=forget_lines)
