"""The page at `/`."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from flask import Flask

from tawkee_core import create_app, hookimpl
from tawkee_core.demo import ensure_demo
from tawkee_core.types import Model
from tests.callers import Client
from tests.core.test_plugins import Greeter


@pytest.mark.parametrize(
    ("header", "query", "lang", "words"),
    [
        ("pt-BR,pt;q=0.9", "", "pt-BR", "O que fazer agora"),
        ("en-US,en;q=0.9,pt;q=0.5", "", "en", "What to do next"),
        ("de", "", "pt-BR", "O que fazer agora"),
        ("", "", "pt-BR", "O que fazer agora"),
        ("pt-BR", "?lang=en", "en", "What to do next"),
        ("en", "?lang=<script>", "en", "What to do next"),
    ],
)
def test_it_speaks_the_visitors_language(client: Client, header: str, query: str, lang: str, words: str) -> None:
    page = client.get(f"/{query}", headers={"Accept-Language": header})
    assert f'<html lang="{lang}">' in page.text and words in page.text
    assert "<script" not in page.text and "style=" not in page.text


def test_it_tells_which_plugins_are_on_and_whether_a_model_key_is_set(config: dict[str, Any]) -> None:
    page = create_app(config, [("greeter", Greeter("greeter"))]).test_client().get("/?lang=en").text
    assert "<b>webchat</b>" in page and "<b>greeter</b>" in page
    assert "No model key is set" in page
    keyed = create_app(config, [("paid", Paid())]).test_client().get("/?lang=en").text
    assert "A model key is set" in keyed


class Paid:
    """A plugin with a model whose key is set."""

    @hookimpl
    def model_list(self) -> list[Model]:
        return [Model("paid/large", "Large", "Paid", credits=3)]


@pytest.fixture
def demo_app(config: dict[str, Any], tmp_path: Path) -> Iterator[Flask]:
    yield create_app({**config, "data": str(tmp_path)})


def test_it_links_the_demos_chat_when_there_is_one(demo_app: Flask) -> None:
    client = demo_app.test_client()
    assert "/chat/" not in client.get("/").text
    with demo_app.app_context():
        demo = ensure_demo(demo_app.extensions["tawkee"])
    page = client.get("/").text
    assert f'href="/chat/{demo["channel_id"]}"' in page
    assert json.dumps(demo["password"]) not in page and demo["email"] not in page
