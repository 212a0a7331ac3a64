"""The thread that writes to all streams: nobody slow, gone or broken holds up the others."""

import socket
import threading
from collections.abc import Callable, Iterator
from queue import SimpleQueue

import pytest

from tawkee_core.streams.pump import MAX_BEHIND, Pump, Stream

PIECE = "data: " + "x" * 10_000 + "\n\n"


class Crowd:
    """A pump, its streams, and the ends that their readers hold."""

    def __init__(self, ping_seconds: float) -> None:
        self.closed: SimpleQueue[Stream] = SimpleQueue()
        self.pump = Pump(self.closed.put, ping_seconds)
        self.ends: list[socket.socket] = []

    def join(self, chunked: bool = False) -> tuple[Stream, socket.socket]:
        near, far = socket.socketpair()
        near.settimeout(20)
        self.ends.append(near)
        stream = Stream(far, ("channel", "visitor"), None, chunked)
        self.run(lambda: self.pump.add(stream))
        return stream, near

    def run(self, work: Callable[[], object]) -> None:
        """Have the pump's thread do something, and wait until it has."""
        done = threading.Event()
        self.pump.post(work)
        self.pump.post(done.set)
        assert done.wait(20)


@pytest.fixture
def crowd() -> Iterator[Crowd]:
    crowd = Crowd(ping_seconds=60)
    yield crowd
    leave(crowd)


def leave(crowd: Crowd) -> None:
    for end in crowd.ends:
        end.close()
    while len(crowd.pump):
        crowd.closed.get(timeout=20)


def test_a_reader_far_behind_is_dropped_and_the_others_go_on(crowd: Crowd) -> None:
    slow, _ = crowd.join()
    quick, end = crowd.join()
    for _ in range(10 * MAX_BEHIND // len(PIECE)):
        crowd.run(lambda: crowd.pump.write(slow, PIECE))
        crowd.run(lambda: crowd.pump.write(quick, PIECE))
        received = b""
        while len(received) < len(PIECE):
            received += end.recv(65_536)
    assert crowd.closed.get(timeout=20) is slow
    assert len(crowd.pump) == 1


def test_what_a_slow_reader_could_not_take_at_once_comes_later(crowd: Crowd) -> None:
    stream, end = crowd.join()
    text = "y" * (MAX_BEHIND // 2)
    crowd.run(lambda: crowd.pump.write(stream, text))
    crowd.run(lambda: crowd.pump.write(stream, "end"))
    received = b""
    while not received.endswith(b"end"):
        received += end.recv(65_536)
    assert received == f"{text}end".encode()


def test_a_reader_who_left_is_noticed(crowd: Crowd) -> None:
    stream, end = crowd.join()
    end.sendall(b"readers have nothing to say")
    end.close()
    assert crowd.closed.get(timeout=20) is stream


def test_an_idle_stream_is_pinged_and_a_busy_one_is_not() -> None:
    crowd = Crowd(ping_seconds=0.3)
    _, end = crowd.join(chunked=True)
    assert end.recv(100) == b"8\r\n: ping\n\n\r\n"
    assert end.recv(100) == b"8\r\n: ping\n\n\r\n"
    leave(crowd)


def test_work_that_fails_stops_nothing(crowd: Crowd) -> None:
    stream, end = crowd.join()
    crowd.run(lambda: 1 / 0)
    crowd.run(lambda: crowd.pump.write(stream, "still here"))
    assert end.recv(100) == b"still here"


def test_a_stream_that_is_ended_says_so(crowd: Crowd) -> None:
    """Without its last chunk a reader would take the end for a failure of the line."""
    stream, end = crowd.join(chunked=True)
    crowd.run(lambda: crowd.pump.write(stream, "bye"))
    crowd.run(lambda: crowd.pump.drop(stream))
    plain, other = crowd.join()
    crowd.run(lambda: crowd.pump.drop(plain))
    received = b""
    while piece := end.recv(100):
        received += piece
    assert received == b"3\r\nbye\r\n0\r\n\r\n"
    assert other.recv(100) == b""
