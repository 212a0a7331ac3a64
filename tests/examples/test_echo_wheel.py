"""First-party has no privilege: a stranger's plugin, built as a wheel beside Tawkee's wheel, answers a message."""

import json
import shutil
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from importlib.machinery import SourceFileLoader
from importlib.util import module_from_spec, spec_from_loader
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from cryptography.fernet import Fernet

from tawkee_core.embedded.ports import free_port
from tests.conftest import make_database
from tests.examples.strangers import (
    ECHO,
    ROOT,
    Stranger,
    broken_plugin,
    build_wheel,
    clean_environment,
    copy_example,
    install_wheels,
    make_stranger,
    running,
)

KEYS = {"TAWKEE_SECRET_KEY": "k" * 40, "TAWKEE_KEYS": Fernet.generate_key().decode()}


def load_other_side() -> ModuleType:
    """The example's own fake of the provider."""
    loader = SourceFileLoader("answer_server", str(ECHO / "tests" / "answer_server.py"))
    spec = spec_from_loader(loader.name, loader)
    assert spec is not None
    module = module_from_spec(spec)
    loader.exec_module(module)
    return module


other_side = load_other_side()


@pytest.fixture(scope="module")
def stranger() -> Iterator[Stranger]:
    folder = Path(tempfile.mkdtemp(prefix="tawkee-stranger-"))  # the servers' user may not walk pytest's own
    folder.chmod(0o755)
    yield make_stranger(folder)
    shutil.rmtree(folder)


@pytest.fixture
def environment(servers: dict[str, str], stranger: Stranger) -> dict[str, str]:
    """The test's servers, and a database that nobody else uses."""
    database = make_database(servers["TAWKEE_DATABASE_URL"], "tawkee_stranger")
    return {**servers, **KEYS, "TAWKEE_DATABASE_URL": database, "TAWKEE_PRIVATE_HOSTS": "127.0.0.0/8"}


def test_installed_modules_are_the_wheel_s(stranger: Stranger) -> None:
    code = "import tawkee_core, tawkee_echo, tawkee_webchat; print(tawkee_core.__file__, tawkee_webchat.__file__)"
    assert str(ROOT) not in stranger.run("python", "-c", code)


def test_plugins_lists_a_stranger_s_beside_ours(stranger: Stranger, environment: dict[str, str]) -> None:
    printed = stranger.run("tawkee", "plugins", env=environment)
    assert "http_echo  1.0.0  (tawkee-echo)\n    channel_info, channel_parse, channel_send, channel_verify" in printed
    assert "(tawkee)\n    channel_" in printed
    assert "BROKEN" not in printed


def test_example_passes_its_own_tests(stranger: Stranger, environment: dict[str, str]) -> None:
    printed = stranger.run(
        "python", "-m", "pytest", "-q", "-p", "no:cacheprovider", cwd=stranger.folder / "echo", env=environment
    )
    assert count_passed(printed) >= 25  # the optional cases of the kit say that they were not run


def test_message_is_answered_beside_a_broken_plugin(stranger: Stranger, environment: dict[str, str]) -> None:
    port = free_port()
    with broken_plugin(stranger):
        assert "BROKEN: ModuleNotFoundError" in stranger.run("tawkee", "plugins", env=environment)
        with running(up(stranger, port), clean_environment() | environment), other_side.AnswerServer() as server:
            channel = make_channel(f"http://127.0.0.1:{port}", server.url)
            body = json.dumps({"messages": [{"id": "m-1", "from": "maria", "text": "Olá!"}]}).encode()
            assert post_signed(channel, body, "wrong secret") == 401
            assert post_signed(channel, body, secret_of(channel)) == 200
            (answer,) = wait_for(server.taken)
            assert (answer["to"], bool(answer["text"])) == ("maria", True)


def test_discord_passes_its_own_tests(stranger: Stranger, environment: dict[str, str]) -> None:
    source = copy_example("tawkee_discord", stranger.folder / "discord")
    install_wheels(stranger, build_wheel(source, stranger.folder))
    printed = stranger.run("python", "-m", "pytest", "-q", "-p", "no:cacheprovider", cwd=source, env=environment)
    assert count_passed(printed) >= 45


def test_new_channel_is_written_installed_and_green(stranger: Stranger, environment: dict[str, str]) -> None:
    """What `tawkee plugin new channel` writes out of the wheel, installed as its author would, passes the kit."""
    stranger.run("tawkee", "plugin", "new", "channel", "acme", "--into", str(stranger.folder))
    made = stranger.folder / "tawkee_acme"
    install_wheels(stranger, build_wheel(made, stranger.folder))
    printed = stranger.run("tawkee", "plugins", env=environment)
    assert "acme  0.1.0  (tawkee-acme)\n    channel_info, channel_parse, channel_send, channel_verify" in printed
    printed = stranger.run("python", "-m", "pytest", "-q", "-p", "no:cacheprovider", cwd=made, env=environment)
    assert count_passed(printed) >= 25


def count_passed(printed: str) -> int:
    return int(printed.partition(" passed")[0].split()[-1])


def up(stranger: Stranger, port: int) -> list[str]:
    return [str(stranger.programs / "tawkee"), "up", "--port", str(port), "--data", str(stranger.folder / "data")]


def make_channel(url: str, answer_url: str) -> dict[str, Any]:
    """Register, make an agent, and give it the stranger's channel."""
    person = {"name": "Ana", "email": "ana@example.com", "password": "correct horse battery"}
    signed = call(f"{url}/api/auth/register", person)
    token, base = signed["access_token"], f"{url}/api/workspaces/{signed['workspace']['id']}"
    agent = call(f"{base}/agents", {"name": "Lia"}, token)
    call(f"{base}/agents/{agent['id']}/settings", {"message_grouping_time": 0}, token, "PATCH")
    channel = {"kind": "http_echo", "name": "Echo", "config": {"answer_url": answer_url}}
    made: dict[str, Any] = call(f"{base}/agents/{agent['id']}/channels", channel, token)
    return made


def call(url: str, body: dict[str, Any], token: str = "", method: str = "POST") -> Any:
    headers = {"content-type": "application/json", "authorization": f"Bearer {token}"}
    request = urllib.request.Request(url, json.dumps(body).encode(), headers, method=method)
    with urllib.request.urlopen(request, timeout=30) as answer:
        return json.load(answer)


def secret_of(channel: dict[str, Any]) -> str:
    return str(channel["webhook_url"]).rpartition("/")[2]


def post_signed(channel: dict[str, Any], body: bytes, secret: str) -> int:
    headers = {"content-type": "application/json", "x-echo-signature": other_side.sign(secret, body)}
    request = urllib.request.Request(channel["webhook_url"], body, headers)
    try:
        with urllib.request.urlopen(request, timeout=30) as answer:
            return int(answer.status)
    except urllib.error.HTTPError as error:
        return error.code


def wait_for(taken: dict[str, dict[str, str]], seconds: float = 30) -> list[dict[str, str]]:
    deadline = time.monotonic() + seconds
    while not taken and time.monotonic() < deadline:
        time.sleep(0.05)
    return list(taken.values())
