"""Slowing down who guesses. Tries are counted in PostgreSQL before anything is compared, so that a hundred at once are
counted too, and a Redis that is away opens nothing."""

from functools import lru_cache
from hashlib import sha256
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network
from typing import NamedTuple

from ..db import run
from ..errors import TooMany
from ..settings import Settings, split_list

# a blocked key is left as it is, and missing in what is returned; the clock, since rows may have to be waited for
COUNT = """
insert into throttle (key, tries, free, leak, longest, since, until)
select key, 1, free, leak, longest, clock_timestamp(), case when free <= 1 then clock_timestamp() + interval '1 s' end
from unnest(%(keys)s::text[], %(free)s::real[], %(leak)s::real[], %(longest)s::real[])
    as given(key, free, leak, longest) order by key
on conflict (key) do update set since = excluded.since,
    tries = greatest(0, throttle.tries - extract(epoch from excluded.since - throttle.since) / excluded.leak) + 1,
    until = case when round(throttle.tries) + 1 >= excluded.free then clock_timestamp() + make_interval(
        secs => least(2 ^ least(round(throttle.tries) + 1 - excluded.free, 20), excluded.longest)) end
where throttle.until is null or throttle.until <= clock_timestamp()
returning key
"""
BLOCKED = """
select greatest(1, ceil(extract(epoch from max(until) - clock_timestamp())))::int as seconds
from throttle where key = any(%s)
"""
FORGIVE = "update throttle set tries = greatest(0, tries - 1), until = null where key = any(%s)"
FORGET = "delete from throttle where key = any(%s)"
PURGE = "delete from throttle where since < now() - interval '1 day' and (until is null or until < now())"


class Guess(NamedTuple):
    """What is counted together: `free` tries, then pauses of 1, 2, 4 … up to `longest` seconds between them; one try
    is forgotten in every `leak` seconds. `own` ones are forgotten altogether when a try was right."""

    key: str
    free: int
    leak: float
    longest: float
    own: bool = True


def sign_in_guesses(settings: Settings, email: str, ip: str) -> list[Guess]:
    """A sign-in counts for the account seen from one network, which nobody elsewhere can block, for the account from
    everywhere, and for the network, unless that is where everybody seems to come from."""
    network = find_network(ip)
    guesses = [
        Guess(hide_key("account", email.lower(), network), 5, 900, 900),
        Guess(hide_key("account", email.lower()), 100, 36, 30, own=False),
    ]
    if in_networks(ip, settings.unlimited_hosts):
        return guesses
    return [*guesses, Guess(hide_key("network", network), 20, 15, 300, own=False)]


def proof_guesses(kind: str, user_id: str) -> list[Guess]:
    """A password or a code that somebody who is known, or half signed in, has to give."""
    return [Guess(f"{kind}|{user_id}", 5, 60, 900)]


def invitation_guesses(user_id: str) -> list[Guess]:
    """Invitations are mails to addresses that somebody made up: a hundred a day, then one an hour."""
    return [Guess(f"invitations|{user_id}", 100, 864, 3600)]


def count_guess(guesses: list[Guess]) -> None:
    """Count a try, before it is looked at. Raises TooMany, which says when to come again."""
    keys = [guess.key for guess in guesses]
    columns = {name: [getattr(guess, name) for guess in guesses] for name in ("free", "leak", "longest")}
    if len(run(COUNT, {"keys": keys, **columns})) < len(keys):
        raise TooMany("Too many tries; wait a little.", slug="too_many_tries", retry_after=run(BLOCKED, (keys,))[0][0])


def forgive_guess(guesses: list[Guess]) -> None:
    """The try was right."""
    run(FORGET, ([guess.key for guess in guesses if guess.own],))
    shared = [guess.key for guess in guesses if not guess.own]
    if shared:
        run(FORGIVE, (shared,))


@lru_cache(maxsize=4096)
def find_network(ip: str) -> str:
    """An IPv4 address, or the /64 of an IPv6 one: who has one address of it has all."""
    try:
        address = read_address(ip)
    except ValueError:
        return "unknown"
    return str(address if address.version == 4 else ip_network((address, 64), strict=False))


@lru_cache(maxsize=4096)
def in_networks(ip: str, networks: str) -> bool:
    """Whether an address is in one of these networks, given by comma."""
    try:
        address = read_address(ip)
    except ValueError:
        return False
    return any(address in ip_network(each, strict=False) for each in split_list(networks))


def read_address(ip: str) -> IPv4Address | IPv6Address:
    """The address: a server that listens on IPv6 tells IPv4 ones as `::ffff:203.0.113.7`, all of one /64, and some
    proxies add a port. Raises ValueError."""
    address = ip_address(ip.partition(":")[0] if ip.count(":") == 1 else ip.partition("]")[0].lstrip("["))
    return getattr(address, "ipv4_mapped", None) or address


def hide_key(kind: str, *parts: str) -> str:
    """A key that does not keep what somebody typed as an address."""
    return f"{kind}|{sha256('|'.join(parts).encode()).hexdigest()[:32]}"


def purge_guesses() -> None:
    """Forget what was counted long ago."""
    run(PURGE)
