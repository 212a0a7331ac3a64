"""What the installation has to offer."""

from collections.abc import Iterable
from typing import Any

import pytest

from tawkee_core import create_app, hookimpl
from tawkee_core.types import Model
from tests.callers import Caller, Client, register_caller


@pytest.mark.parametrize("path", ["/api/models", "/api/plugins", "/api/channels/kinds"])
def test_only_those_who_are_signed_in_see_it(client: Client, path: str) -> None:
    assert client.get(path).status_code == 401


def test_plugins_are_listed_with_their_hooks(caller: Caller) -> None:
    plugins = {plugin["name"]: plugin for plugin in caller.get("/api/plugins").json}
    assert all(plugin["broken"] is None and plugin["hooks"] for plugin in plugins.values()), plugins
    assert "channel_send" in plugins["webchat"]["hooks"]
    assert plugins["webchat"]["distribution"] == "tawkee" and plugins["webchat"]["version"]


def test_kinds_of_channels_say_what_they_need_and_carry(caller: Caller) -> None:
    kinds = {kind["kind"]: kind for kind in caller.get("/api/channels/kinds").json}
    evolution = kinds["evolution"]
    assert evolution["connects"] == "qr" and evolution["send_semantics"] == "reconcilable"
    assert evolution["label"]["pt"] and evolution["label"]["en"] and evolution["risk"]["pt"]
    fields = {field["name"]: field for field in evolution["fields"]}
    assert fields["base_url"]["required"] and fields["api_key"]["kind"] == "secret"
    assert evolution["capabilities"]["media_out"]["image"]["max_bytes"] > 0
    assert kinds["webchat"]["connects"] == "none"


def test_models_say_whether_their_key_is_set(caller: Caller) -> None:
    models = {model["id"]: model for model in caller.get("/api/models").json}
    assert models["offline/extractive"]["available"] and models["offline/extractive"]["credits"] == 0
    assert models["openai/gpt-4.1-mini"]["kind"] == "chat" and "tools" in models["openai/gpt-4.1-mini"]["can"]


class Clumsy:
    """A plugin whose list of models fails."""

    @hookimpl
    def model_list(self) -> Iterable[Model]:
        raise RuntimeError("no network")


def test_a_plugin_that_fails_hides_nobody_elses_models(config: dict[str, Any]) -> None:
    caller = register_caller(create_app(config, [("clumsy", Clumsy())]).test_client())
    assert "offline/extractive" in {model["id"] for model in caller.get("/api/models").json}
