"""Guessing is slowed down: for an account, for a network, for what somebody signed in has to prove."""

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from flask import Flask

from tawkee_core.accounts.throttle import (
    Guess,
    count_guess,
    find_network,
    forgive_guess,
    purge_guesses,
    sign_in_guesses,
)
from tawkee_core.db import run
from tawkee_core.errors import TooMany
from tawkee_core.models import new_id
from tawkee_core.settings import Settings
from tests.callers import PASSWORD, Caller, Client


def login(client: Client, email: str, password: str, ip: str = "127.0.0.1") -> Any:
    given = {"email": email, "password": password}
    return client.post("/api/auth/login", json=given, environ_base={"REMOTE_ADDR": ip})


def test_after_five_tries_an_account_waits_known_or_not(client: Client, caller: Caller) -> None:
    for email in (caller.email, f"{new_id()}@example.com"):
        assert [login(client, email, "wrong").status_code for _ in range(6)] == [401] * 5 + [429]
        refused = login(client, email, PASSWORD)
        assert (refused.status_code, refused.json["error"]) == (429, "too_many_tries")
        assert int(refused.headers["Retry-After"]) >= 1
    assert login(client, caller.email, PASSWORD, "203.0.113.9").status_code == 200, "from elsewhere nobody is kept out"


def test_the_right_password_begins_anew(client: Client, caller: Caller) -> None:
    for _ in range(3):
        assert [login(client, caller.email, word).status_code for word in ("a", "b", PASSWORD)] == [401, 401, 200]


def test_a_network_waits_whatever_it_tries(client: Client) -> None:
    ip = "2001:db8:1:2::"
    for number in range(18):  # as if they had been wrong; a hash each would take its time
        count_guess(sign_in_guesses(Settings(), f"{new_id()}@example.com", f"{ip}{number:x}"))
    codes = [login(client, f"{new_id()}@example.com", "wrong", f"{ip}ff{number}").status_code for number in range(3)]
    assert codes == [401, 401, 429]
    assert login(client, f"{new_id()}@example.com", "wrong", "2001:db8:1:3::1").status_code == 401


def test_a_password_asked_for_again_cannot_be_guessed(caller: Caller) -> None:
    given = {"current_password": "wrong", "new_password": "another good one"}
    codes = [caller.post("/api/auth/password/change", given).status_code for _ in range(6)]
    assert codes == [403] * 5 + [429]


def guess(**values: Any) -> list[Guess]:
    return [Guess(**{"key": f"test|{new_id()}", "free": 5, "leak": 900, "longest": 60, **values})]


def allowed(guesses: list[Guess]) -> bool:
    try:
        count_guess(guesses)
    except TooMany:
        return False
    return True


def test_of_many_at_once_only_the_free_ones_get_through(app: Flask) -> None:
    guesses = guess()
    with ThreadPoolExecutor(12) as pool:
        assert sum(pool.map(lambda _: allowed(guesses), range(40))) == 5


def test_pauses_double_up_to_the_longest_and_tries_are_forgotten(app: Flask) -> None:
    guesses = guess(free=1, longest=5)

    def pause() -> float:
        (row,) = run("select extract(epoch from until - clock_timestamp())::float as s from throttle where key = %s",
                     (guesses[0].key,))  # fmt: skip
        return float(row.s)

    pauses = []
    for _ in range(5):
        assert allowed(guesses) and not allowed(guesses)
        pauses.append(round(pause()))
        run("update throttle set until = null where key = %s", (guesses[0].key,))
    assert pauses == [1, 2, 4, 5, 5]
    run("update throttle set since = now() - interval '2 hours' where key = %s", (guesses[0].key,))
    assert allowed(guesses)
    assert run("select tries from throttle where key = %s", (guesses[0].key,))[0].tries == 1


def test_one_blocked_key_blocks_the_try_and_says_for_how_long(app: Flask) -> None:
    first, second = guess(), guess(free=1, longest=60, own=False)
    count_guess(first + second)
    with pytest.raises(TooMany) as refused:
        count_guess(first + second)
    assert refused.value.retry_after == 1
    forgive_guess(first + second)
    assert allowed(first + second)


def test_networks_are_what_one_person_has() -> None:
    assert find_network("203.0.113.7") == "203.0.113.7"
    assert find_network("2001:db8::1:2:3:4") == find_network("2001:db8::ffff") == "2001:db8::/64"
    assert find_network("") == find_network("a name") == "unknown"


def test_what_was_counted_long_ago_is_forgotten(app: Flask) -> None:
    guesses = guess()
    count_guess(guesses)
    run("update throttle set since = now() - interval '25 hours' where key = %s", (guesses[0].key,))
    purge_guesses()
    assert run("select 1 from throttle where key = %s", (guesses[0].key,)) == []
