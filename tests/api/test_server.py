"""What only the real server in front of the application can spoil: long headers, and bodies that tell no length."""

from collections.abc import Iterator
from typing import Any

import pytest
import requests

from tests.channels.tawkee_webchat.site import PATIENCE, Site, serve_site

LIMIT = 4 * 1024 * 1024
JSON = {"Content-Type": "application/json"}


@pytest.fixture(scope="module")
def site(config: dict[str, Any]) -> Iterator[Site]:
    with serve_site(config) as site:
        yield site


def in_pieces(length: int) -> Iterator[bytes]:
    """JSON of so many bytes, sent chunked."""
    head, tail = b'{"refresh_token": "', b'"}'
    yield head
    for start in range(0, length - len(head) - len(tail), 65_536):
        yield b"x" * min(65_536, length - len(head) - len(tail) - start)
    yield tail


def assert_told(answer: requests.Response, status: int, slug: str) -> None:
    assert (answer.status_code, answer.json()["error"]) == (status, slug), answer.text[:200]
    assert answer.headers["X-Content-Type-Options"] == "nosniff" and answer.headers["X-Request-ID"]


@pytest.mark.parametrize("token", ["e" * 8192, "e" * 8000, "twk_" + "e" * 8192])
def test_an_oversized_token_is_refused_as_any_wrong_one(site: Site, token: str) -> None:
    answer = requests.get(f"{site.url}/api/auth/me", headers={"Authorization": f"Bearer {token}"}, timeout=PATIENCE)
    assert_told(answer, 401, "invalid_key" if token.startswith("twk_") else "invalid_token")


@pytest.mark.parametrize("path", ["/api/auth/refresh", "/webhooks/nobody/token"])
def test_a_long_body_without_a_length_is_refused_and_not_cut_off(site: Site, path: str) -> None:
    answer = requests.post(f"{site.url}{path}", data=in_pieces(LIMIT + 1), headers=JSON, timeout=PATIENCE)
    assert_told(answer, 413, "too_large")


def test_a_body_without_a_length_is_taken_up_to_the_limit(site: Site) -> None:
    answer = requests.post(f"{site.url}/api/auth/refresh", data=in_pieces(LIMIT - 1), headers=JSON, timeout=PATIENCE)
    assert_told(answer, 422, "bad_input")


@pytest.mark.parametrize("header", ["SCRIPT_NAME", "PATH_INFO"])
def test_a_caller_does_not_say_which_part_of_the_address_is_the_path(site: Site, header: str) -> None:
    """Or they would get past a proxy that closes some of the paths."""
    for value in ("/x", "/metrics"):
        answer = requests.get(f"{site.url}/x/metrics", headers={header: value}, timeout=PATIENCE)
        assert_told(answer, 404, "not_found")
