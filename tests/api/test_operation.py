"""What those who run the installation ask."""

from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from cryptography.fernet import Fernet
from flask import Flask
from prometheus_client.parser import text_string_to_metric_families

from tawkee_core import create_app
from tawkee_core.cli import main
from tawkee_core.db import open_database
from tests.callers import Caller, Client
from tests.conftest import make_database
from tests.house.source import read_house
from tests.house.watched import all_metrics

ROOT = Path(__file__).parents[2]


def test_a_living_process_says_so_without_asking_anybody(config: dict[str, Any], app: Flask) -> None:
    away: Client = create_app({**config, "database_url": "postgresql://nobody@127.0.0.1:1/none"}).test_client()
    try:
        assert away.get("/healthz").json == {"status": "ok"}
    finally:
        open_database(app.extensions["tawkee"].settings)


def test_it_is_ready_when_the_database_answers(client: Client) -> None:
    ready = client.get("/readyz")
    assert ready.status_code == 200
    assert ready.json == {"status": "ready", "checks": {"postgresql": "ok", "redis": "ok", "files": "ok", "keys": "ok"}}


def test_a_missing_redis_is_only_a_warning(config: dict[str, Any], app: Flask) -> None:
    client: Client = create_app({**config, "redis_url": "redis://127.0.0.1:1/0"}).test_client()
    ready = client.get("/readyz")
    assert ready.status_code == 200 and ready.json["checks"]["redis"].startswith("warning")


def test_a_place_where_no_file_can_be_kept_is_told(config: dict[str, Any], app: Flask, tmp_path: Path) -> None:
    (tmp_path / "media").touch()  # a folder of this name cannot be made
    client: Client = create_app({**config, "data": str(tmp_path)}).test_client()
    ready = client.get("/readyz")
    assert ready.status_code == 200 and ready.json["checks"]["files"].startswith("warning: files cannot be kept: ")
    assert "tawkee_files_writable 0.0" in client.get("/metrics").text
    (tmp_path / "media").unlink()
    assert client.get("/readyz").json["checks"]["files"] == "ok"
    assert "tawkee_files_writable 1.0" in client.get("/metrics").text
    assert list((tmp_path / "media").iterdir()) == []


def test_keys_that_open_nothing_are_told(config: dict[str, Any], client: Client, caller: Caller) -> None:
    agent = caller.make_agent()
    channel = {"kind": "zapi", "name": "Z", "config": {"instance_id": "ABC123", "token": "t0k3n"}}
    assert caller.post(f"…/agents/{agent}/channels", channel).status_code == 201
    other: Client = create_app({**config, "keys": Fernet.generate_key().decode()}).test_client()
    ready = other.get("/readyz")
    assert ready.status_code == 200 and "TAWKEE_KEYS" in ready.json["checks"]["keys"]
    assert client.get("/readyz").json["checks"]["keys"] == "ok"
    names = {"database_url": config["database_url"], "secret_key": config["secret_key"]}
    environ = {f"TAWKEE_{name.upper()}": value for name, value in names.items()}
    for keys, told in ((Fernet.generate_key().decode(), True), (config["keys"], False)):
        done = CliRunner().invoke(main, ["migrate"], env=environ | {"TAWKEE_KEYS": keys})
        assert done.exit_code == 0 and ("\nwarning: TAWKEE_KEYS" in done.output) is told


def test_it_is_not_ready_before_the_schema_is(config: dict[str, Any], app: Flask) -> None:
    url = make_database(config["database_url"], "tawkee_empty")
    try:
        client: Client = create_app({**config, "database_url": url}).test_client()
        ready = client.get("/readyz")
        assert ready.status_code == 503 and "001_first" in ready.json["checks"]["postgresql"]
        told = client.get("/metrics")
        assert told.status_code == 200 and "tawkee_database_up 1.0" in told.text
    finally:
        open_database(app.extensions["tawkee"].settings)


def test_metrics_have_their_names_and_no_label_of_a_workspace(client: Client) -> None:
    families = {family.name: family for family in text_string_to_metric_families(client.get("/metrics").text)}
    named = {name.removesuffix("_total") for name in all_metrics(read_house(ROOT))}
    assert len(named) > 20 and named <= set(families)
    labels = {label for family in families.values() for sample in family.samples for label in sample.labels}
    assert not labels & {"workspace", "workspace_id", "contact", "chat", "phone"}


@pytest.mark.parametrize(("header", "status"), [("", 401), ("Bearer wrong", 401), ("Bearer metrics-token", 200)])
def test_metrics_may_ask_for_a_token(config: dict[str, Any], header: str, status: int) -> None:
    client = create_app({**config, "metrics_token": "metrics-token"}).test_client()
    assert client.get("/metrics", headers={"Authorization": header}).status_code == status


@pytest.mark.parametrize(
    ("address", "headers", "status"),
    [
        ("127.0.0.1", {}, 200),
        ("::1", {}, 200),
        ("198.51.100.7", {}, 401),
        ("127.0.0.1", {"X-Forwarded-For": "198.51.100.7"}, 401),
        ("127.0.0.1", {"X-Real-IP": "198.51.100.7"}, 401),
    ],
)
def test_without_a_token_metrics_are_told_to_this_machine_alone(
    config: dict[str, Any], address: str, headers: dict[str, str], status: int
) -> None:
    client = create_app({**config, "metrics_token": ""}).test_client()
    asked = client.get("/metrics", headers=headers, environ_overrides={"REMOTE_ADDR": address})
    assert asked.status_code == status
