"""The headers that keep pages to themselves, on every route, and which origins may call the API."""

from typing import Any

from flask import Flask

from tawkee_core import create_app
from tests.api.routes import every_route
from tests.callers import Client

FRONTEND = "https://app.example.com"


def test_every_answer_carries_the_security_headers(app: Flask, client: Client) -> None:
    for route in every_route(app):
        with client.open(route.path, method=route.method) as answer:
            policy = answer.headers["Content-Security-Policy"]
            assert "default-src" in policy and "unsafe-eval" not in policy, route
            assert answer.headers["X-Content-Type-Options"] == "nosniff", route
            shown_elsewhere = answer.headers.get("X-Frame-Options") != "DENY"
            assert not shown_elsewhere or (route.path.startswith("/chat/") and "frame-ancestors" in policy), route
            assert answer.headers["Referrer-Policy"] == "no-referrer", route
            assert answer.headers["Permissions-Policy"], route
            assert answer.headers["X-Request-ID"], route
            if route.path.startswith("/api/"):
                assert answer.headers["Cache-Control"] == "no-store", route


def test_https_is_demanded_only_of_an_installation_that_has_it(config: dict[str, Any], client: Client) -> None:
    assert "Strict-Transport-Security" not in client.get("/healthz").headers
    secure = create_app({**config, "public_url": "https://tawkee.example.com"}).test_client()
    assert "max-age=31536000" in secure.get("/healthz").headers["Strict-Transport-Security"]


def test_only_the_origins_allowed_may_call_the_api(config: dict[str, Any]) -> None:
    client = create_app({**config, "cors_origins": f"{FRONTEND}, http://localhost:5173"}).test_client()
    asked = {"Origin": FRONTEND, "Access-Control-Request-Method": "POST"}
    preflight = client.options("/api/auth/login", headers=asked)
    assert preflight.status_code == 200
    assert preflight.headers["Access-Control-Allow-Origin"] == FRONTEND
    for name in ("Authorization", "Content-Type", "Last-Event-ID"):  # the last by who reads events with `fetch`
        assert name in preflight.headers["Access-Control-Allow-Headers"]
    refused = client.get("/api/auth/me", headers={"Origin": FRONTEND})
    assert refused.headers["Access-Control-Allow-Origin"] == FRONTEND
    assert "X-Pagination" in refused.headers["Access-Control-Expose-Headers"]
    for origin in ("https://evil.example", f"{FRONTEND}.evil.example", "null", ""):
        answer = client.get("/api/auth/me", headers={"Origin": origin})
        assert "Access-Control-Allow-Origin" not in answer.headers
        assert "Origin" in answer.headers["Vary"]


def test_a_sane_request_id_is_kept_and_any_other_replaced(client: Client) -> None:
    assert client.get("/healthz", headers={"X-Request-ID": "abc-12345"}).headers["X-Request-ID"] == "abc-12345"
    for given in ("short", "x" * 65, "with space 1", "línea-12345", "a;b=12345678"):
        told = client.get("/healthz", headers={"X-Request-ID": given}).headers["X-Request-ID"]
        assert told != given and len(told) == 16
