"""Web chats that are open and silent: what they cost in memory, and what webhooks lose by them."""

import http.client
import json
import resource
import socket
from collections.abc import Iterator
from contextlib import contextmanager

from .bench import Bench
from .figures import Figure, Rounds, check
from .payload import raw_request
from .pounder import pounding
from .processes import memory_mb
from .webhooks import keep


def measure(bench: Bench) -> list[Figure]:
    rounds, count = Rounds(), bench.plan.streams
    tokens = open_sessions(bench, count)
    raise_file_limit(count + 256)
    for _ in range(bench.plan.rounds):
        measure_round(bench, tokens, rounds)
    return [
        rounds.figure("ratio", f"webhooks with {count} idle streams, to none", "ratio", 0.9),
        rounds.figure("without", "webhooks kept without streams", "1/s"),
        rounds.figure("with", f"webhooks kept with {count} streams", "1/s"),
        rounds.figure("memory", "memory a stream (PSS of the web processes)", "KiB", 35, "most"),
    ]


def measure_round(bench: Bench, tokens: list[str], rounds: Rounds) -> None:
    seconds = bench.plan.seconds * 0.8
    with pounding(bench.site.port) as pounder:
        keep(bench, lambda make: pounder.pound(make, seconds / 4))
        first = keep(bench, lambda make: pounder.pound(make, seconds))
        before = memory_mb(bench.site.web_pids())
        with streaming(bench, tokens) as streams:
            memory = memory_mb(bench.site.web_pids())
            crowded = keep(bench, lambda make: pounder.pound(make, seconds))
            check(all(is_open(each) for each in streams), "a stream was closed")
        last = keep(bench, lambda make: pounder.pound(make, seconds))
    without = (first.rate + last.rate) / 2
    rounds.note(without=without, ratio=crowded.rate / without, memory=(memory - before) * 1024 / len(tokens))
    rounds.note(**{"with": crowded.rate})


def open_sessions(bench: Bench, count: int) -> list[str]:
    connection = http.client.HTTPConnection("127.0.0.1", bench.site.port, timeout=30)
    tokens = []
    for _ in range(count):
        path, headers = f"/chat/{bench.site.webchat}/sessions", {"Content-Type": "application/json"}
        connection.request("POST", path, b"{}", headers)
        answer = connection.getresponse()
        body = answer.read()
        check(answer.status == 201, f"no session: {answer.status} {body[:200]!r}")
        tokens.append(json.loads(body)["visitor_token"])
    connection.close()
    return tokens


@contextmanager
def streaming(bench: Bench, tokens: list[str]) -> Iterator[list[socket.socket]]:
    """One event stream for each visitor, all of them begun."""
    path, streams = f"/chat/{bench.site.webchat}/events", []
    try:
        for token in tokens:
            stream = socket.create_connection(("127.0.0.1", bench.site.port), timeout=30)
            streams.append(stream)
            stream.sendall(raw_request("GET", path, {"authorization": f"Bearer {token}"}))
            begun = stream.recv(65536)
            check(begun.startswith(b"HTTP/1.1 200"), f"no stream: {begun[:200]!r}")
        yield streams
    finally:
        for stream in streams:
            stream.close()


def is_open(stream: socket.socket) -> bool:
    """Whether the server has not hung up; what it said meanwhile is read away."""
    stream.setblocking(False)
    try:
        while stream.recv(65536):
            continue
    except BlockingIOError:
        return True
    return False


def raise_file_limit(wanted: int) -> None:
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    check(hard == resource.RLIM_INFINITY or hard >= wanted, f"this machine allows {hard} open files, {wanted} needed")
    resource.setrlimit(resource.RLIMIT_NOFILE, (max(soft, wanted), hard))
