"""The web chat's tests talk to a real gunicorn."""

from collections.abc import Iterator
from typing import Any

import pytest

from tests.channels.tawkee_webchat.site import Site, Visitor, serve_site


@pytest.fixture(scope="module")
def site(config: dict[str, Any]) -> Iterator[Site]:
    with serve_site(config) as site:
        yield site


@pytest.fixture
def visitor(site: Site) -> Visitor:
    """Somebody new on a chat of their own."""
    return Visitor(site.chat_url(site.add_chat()))
