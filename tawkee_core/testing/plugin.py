"""The pytest plugin: fixtures that start embedded servers once a session, and a Tawkee once a module."""

import secrets
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:  # imported when first asked for, so that every pytest of the machine stays fast
    from .echo_channel import EchoChannel
    from .echo_model import EchoModel
    from .running import Running


@pytest.fixture(scope="session")
def tawkee_config() -> Iterator[dict[str, Any]]:
    """Settings for `create_app`: real servers (the environment's, else embedded ones), fresh secrets, an empty data
    folder."""
    from cryptography.fernet import Fernet

    from ..embedded.servers import start_servers
    from .echo_model import ECHO

    folder = Path(tempfile.mkdtemp(prefix="tawkee-"))  # not pytest's own: the servers' user may not walk there
    try:
        with start_servers(folder / "servers") as urls:
            servers = {name.removeprefix("TAWKEE_").lower(): url for name, url in urls.items()}
            yield servers | {
                "secret_key": secrets.token_urlsafe(32),
                "keys": Fernet.generate_key().decode(),
                "data": str(folder / "data"),
                "model": ECHO,
                "log_level": "WARNING",
                "reconcile_seconds": 0.1,
            }
    finally:
        shutil.rmtree(folder)


@pytest.fixture(scope="module")
def echo_channel() -> "EchoChannel":
    """The echo channel of `tawkee`; its `provider` tells what was sent."""
    from .echo_channel import EchoChannel

    return EchoChannel()


@pytest.fixture(scope="module")
def echo_model() -> "EchoModel":
    """The model that answers in `tawkee`."""
    from .echo_model import EchoModel

    return EchoModel()


@pytest.fixture(scope="module")
def tawkee_plugins(echo_channel: "EchoChannel", echo_model: "EchoModel") -> list[tuple[str, Any]]:
    """The plugins given to `tawkee` beside the installed ones; override it to add your own."""
    return [("echo", echo_channel), ("echo_model", echo_model)]


@pytest.fixture(scope="module")
def tawkee(tawkee_config: dict[str, Any], tawkee_plugins: list[tuple[str, Any]]) -> "Iterator[Running]":
    """A running Tawkee; make companies and channels in it, deliver webhooks, `settle()` and look."""
    from .running import make_running

    running = make_running(tawkee_config, tawkee_plugins)
    try:
        yield running
    finally:
        running.close()


@pytest.fixture(autouse=True)
def reset_echoes(request: pytest.FixtureRequest) -> None:
    """Tests that use the echoes begin with silent ones."""
    if "echo_channel" in request.fixturenames:
        request.getfixturevalue("echo_channel").provider.reset()
        request.getfixturevalue("echo_model").reset()
