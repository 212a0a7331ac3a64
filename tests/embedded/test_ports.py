"""Where a server may listen, and what is said where it may not."""

import errno
import socket

import pytest

from tawkee_core.embedded.children import StartError
from tawkee_core.embedded.launcher import check_port
from tawkee_core.embedded.ports import answers_ok, free_port, is_free, try_listening
from tawkee_core.embedded.programs import Address


def test_a_port_is_free_until_somebody_listens() -> None:
    port = free_port()
    assert is_free("127.0.0.1", port)
    with socket.create_server(("127.0.0.1", port)):
        error = try_listening("127.0.0.1", port)
    assert error is not None and error.errno == errno.EADDRINUSE


@pytest.mark.parametrize(
    "address, told",
    [
        (Address("127.0.0.1", 0), "0 is no port"),
        (Address("127.0.0.1", 70000), "70000 is no port"),
        (Address("192.0.2.1", 8000), r"Cannot listen on 192\.0\.2\.1:8000: Cannot assign"),
        (Address("no such host", 8000), "Cannot listen on no such host:8000"),
    ],
)
def test_an_impossible_address_is_told(address: Address, told: str) -> None:
    with pytest.raises(StartError, match=told):
        check_port(address)


def test_nobody_answering_is_no_error() -> None:
    assert not answers_ok("127.0.0.1", free_port(), "/readyz")


@pytest.mark.parametrize(
    "host, bind, url",
    [
        ("127.0.0.1", "127.0.0.1:80", "http://127.0.0.1:80"),
        ("0.0.0.0", "0.0.0.0:80", "http://127.0.0.1:80"),
        ("::", "[::]:80", "http://[::1]:80"),
    ],
)
def test_the_address_told_is_one_that_can_be_opened(host: str, bind: str, url: str) -> None:
    assert (Address(host, 80).bind, Address(host, 80).url) == (bind, url)
