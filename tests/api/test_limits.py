"""How often one address may call, with Redis and without."""

from collections.abc import Mapping
from typing import Any

import pytest
from flask import Flask
from redis import Redis

from tawkee_core import create_app
from tests.callers import Client
from tests.fakes.wire_server import WireServer, reply

TIGHT = {"rate_sign_in": "3 per minute", "rate_visitors": "2 per minute", "rate_api": "4 per minute"}
NUMBERS = iter(range(1, 250))


@pytest.fixture
def ip() -> str:
    """An address that nobody has called from."""
    return f"198.51.100.{next(NUMBERS)}"


@pytest.fixture(scope="module")
def limited(config: Mapping[str, Any], app: Flask) -> Flask:
    Redis.from_url(config["redis_url"]).flushdb()
    return create_app({**config, **TIGHT})


def call(app: Flask, ip: str, path: str, method: str = "GET", **options: Any) -> Any:
    client: Client = app.test_client()
    return client.open(path, method=method, environ_base={"REMOTE_ADDR": ip}, **options)


def forgot(app: Flask, ip: str) -> Any:
    return call(app, ip, "/api/auth/password/forgot", "POST", json={"email": "a@b.example"})


def test_who_asks_too_often_is_told_when_to_come_again(limited: Flask, ip: str) -> None:
    answers = [forgot(limited, ip) for _ in range(4)]
    assert [answer.status_code for answer in answers] == [202, 202, 202, 429]
    assert answers[3].json["error"] == "too_many_requests"
    assert 1 <= int(answers[3].headers["Retry-After"]) <= 60
    assert answers[3].headers["X-Content-Type-Options"] == "nosniff" and answers[3].headers["X-Request-ID"]


def test_each_room_counts_for_itself(limited: Flask, ip: str) -> None:
    assert [forgot(limited, ip).status_code for _ in range(4)][-1] == 429
    api = [call(limited, ip, "/api/auth/me").status_code for _ in range(5)]
    assert api == [401] * 4 + [429]
    chat = f"/chat/{'0' * 8}-0000-7000-8000-{'0' * 12}/sessions"
    visitors = [call(limited, ip, chat, "POST", json={}).status_code for _ in range(3)]
    assert visitors == [404, 404, 429]
    assert [call(limited, ip, path).status_code for path in ("/healthz", "/") for _ in range(5)] == [200] * 10


def test_an_ipv6_network_is_one_caller_and_another_is_another(limited: Flask) -> None:
    codes = [forgot(limited, f"2001:db8:9:9::{number}").status_code for number in range(4)]
    assert codes == [202, 202, 202, 429]
    assert forgot(limited, "2001:db8:9:8::1").status_code == 202


def test_ipv4_callers_of_a_server_on_ipv6_are_not_all_one(limited: Flask, config: Mapping[str, Any], ip: str) -> None:
    assert [forgot(limited, f"::ffff:{ip}").status_code for _ in range(4)] == [202, 202, 202, 429]
    assert forgot(limited, ip).status_code == 429, "it is the same one"
    assert forgot(limited, "::ffff:198.51.100.251").status_code == 202
    known = create_app({**config, **TIGHT, "unlimited_hosts": "198.51.100.0/24"})
    assert {forgot(known, f"::ffff:{ip}").status_code for _ in range(6)} == {202}


def test_a_port_that_a_proxy_tells_makes_nobody_else(config: Mapping[str, Any], ip: str) -> None:
    """Nor one and the same caller of all."""
    behind = create_app({**config, **TIGHT, "trusted_proxies": 1})

    def told(said: str) -> int:
        return int(call(behind, "127.0.0.1", "/api/auth/me", headers={"X-Forwarded-For": said}).status_code)

    assert [told(f"{ip}:{port}") for port in range(5)] == [401] * 4 + [429]
    assert [told(f"[2001:db8:7:{ip.rpartition('.')[2]}::1]:{port}") for port in range(5)] == [401] * 4 + [429]
    assert told("198.51.100.252:443") == 401


def test_processes_count_together(limited: Flask, config: Mapping[str, Any], ip: str) -> None:
    other = create_app({**config, **TIGHT})
    assert [forgot(each, ip).status_code for each in (limited, other, limited, other)] == [202, 202, 202, 429]


def test_without_redis_each_process_counts_for_itself(config: Mapping[str, Any], ip: str) -> None:
    with WireServer(reply(b"", then_close=True)) as gone:
        url = f"redis://127.0.0.1:{gone.port}/0"
    away = create_app({**config, **TIGHT, "redis_url": url})
    assert [forgot(away, ip).status_code for _ in range(4)] == [202, 202, 202, 429]
    none = create_app({**config, **TIGHT, "redis_url": ""})
    assert [forgot(none, ip).status_code for _ in range(4)] == [202, 202, 202, 429]


def test_a_limit_may_be_switched_off_and_hosts_left_uncounted(config: Mapping[str, Any], ip: str) -> None:
    free = create_app({**config, **TIGHT, "rate_sign_in": ""})
    assert {forgot(free, ip).status_code for _ in range(6)} == {202}
    known = create_app({**config, **TIGHT, "unlimited_hosts": "198.51.100.0/24"})
    assert {forgot(known, ip).status_code for _ in range(6)} == {202}
    assert [forgot(known, "127.0.0.1").status_code for _ in range(4)][-1] == 429


def test_webhooks_are_never_turned_away(limited: Flask, ip: str) -> None:
    """One badly configured channel would starve all the others of its provider's address."""
    answers = [call(limited, ip, "/webhooks/nobody/token", "POST", data=b"{}") for _ in range(400)]
    assert {answer.status_code for answer in answers} == {401}


def test_a_proxy_of_ours_says_who_calls(config: Mapping[str, Any], ip: str) -> None:
    def told(app: Flask, said: str) -> int:
        return int(call(app, "127.0.0.1", "/api/auth/me", headers={"X-Forwarded-For": said}).status_code)

    behind = create_app({**config, **TIGHT, "trusted_proxies": 1})
    assert [told(behind, f"203.0.113.{number}, {ip}") for number in range(5)] == [401] * 4 + [429]
    direct = create_app({**config, **TIGHT})
    assert {told(direct, f"{ip}9") for _ in range(6)} == {401}, "what a stranger says is not believed"
