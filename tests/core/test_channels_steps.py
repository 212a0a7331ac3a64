"""How the core treats a channel's plugin that refuses, does not know a step, or fails."""

from collections.abc import Iterator
from typing import Any

import pytest
from flask import Flask

from tawkee_core import AuthLost, ChannelInfo, Connection, Label, create_app, hookimpl, safe_http
from tawkee_core.db import migrate
from tests.callers import Caller, register_caller


class Shy:
    """A plugin that does little, and that badly."""

    @hookimpl
    def channel_info(self) -> ChannelInfo:
        return ChannelInfo(Label("Tímido", "Shy"), "opaque", connects="token")

    @hookimpl
    def channel_connect(self) -> Connection:
        raise AuthLost("token revoked")

    @hookimpl
    def channel_status(self) -> Connection:
        raise RuntimeError("a defect")

    @hookimpl
    def channel_delete(self) -> bool:
        raise RuntimeError("another defect")


@pytest.fixture
def shy_app(config: dict[str, Any]) -> Iterator[Flask]:
    before = safe_http.process_policy
    app = create_app(config, [("shy", Shy())])
    migrate()
    yield app
    safe_http.process_policy = before


def test_steps_that_are_refused_unknown_or_broken(shy_app: Flask) -> None:
    caller: Caller = register_caller(shy_app.test_client())
    made = caller.post(f"…/agents/{caller.make_agent()}/channels", {"kind": "shy", "name": "Shy"}).json
    path = f"…/channels/{made['id']}"
    refused = caller.post(f"{path}/connect").json
    assert refused["status"] == "failed" and "token revoked" in refused["detail"]["pt"]
    assert caller.get(path).json["detail"]["en"].endswith("token revoked")
    assert caller.get(f"{path}/qr").json["error"] == "not_supported"
    assert caller.post(f"{path}/disconnect").status_code == 409
    broken = caller.get(f"{path}/status")
    assert broken.status_code == 500 and "defect" not in broken.text
    removed = caller.delete(path).json
    assert removed["cleaned"] is False and "defect" not in removed["reason"]
    assert caller.get(path).status_code == 404
