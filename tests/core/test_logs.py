"""Logs: one JSON object a line, with the request's id, without secrets and without what people wrote."""

import json
import logging
from collections.abc import Callable, Iterator
from typing import Any

import psycopg2
import pytest
import structlog
from flask import Flask
from hypothesis import given, strategies as st

from tawkee_core import create_app
from tawkee_core.db import run
from tawkee_core.logs import HIDDEN, PERSONS, PLAIN, SECRET_VALUES, hide_text, start_logs
from tawkee_core.settings import Settings

SECRET = "a-very-secret-signing-key-of-ours-0123"
TOKEN = "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.c2lnbmF0dXJl"
Lines = Callable[[], list[dict[str, Any]]]


@pytest.fixture
def lines(capsys: pytest.CaptureFixture[str]) -> Iterator[Lines]:
    """Start JSON logs; what was logged since."""
    start_logs(Settings(secret_key=SECRET, database_url="postgresql://u:pa55word@db.example/x"))
    yield lambda: [json.loads(line) for line in capsys.readouterr().err.splitlines()]
    start_logs(Settings(log_format="console"))


def test_a_line_is_one_object_with_time_level_and_event(lines: Lines) -> None:
    structlog.get_logger().info("channel_connected", channel_id="c1", attempt=2)
    (line,) = lines()
    assert line.items() >= {"event": "channel_connected", "level": "info", "channel_id": "c1", "attempt": 2}.items()
    assert line["ts"].endswith("Z")


def test_the_standard_librarys_logs_take_the_same_form(lines: Lines) -> None:
    logging.getLogger("somewhere").warning("lost %s at %s", "it", 7, extra={"password": "hunter2"})
    (line,) = lines()
    assert (line["event"], line["level"], line["password"]) == ("lost it at 7", "warning", "[hidden]")


@pytest.mark.parametrize(
    "name",
    [
        "password",
        "api_key",
        "apikey",
        "access_token",
        "Authorization",
        "set-cookie",
        "client_secret",
        "keys",
        "sealed",
        "x-signature",
    ],
)
def test_values_under_telling_names_are_hidden(lines: Lines, name: str) -> None:
    structlog.get_logger().info("e", **{name: "hunter2"}, nested={"deep": [{name: "hunter2"}]})
    (line,) = lines()
    assert "hunter2" not in json.dumps(line)


@pytest.mark.parametrize(
    "value",
    [
        f"token {TOKEN} refused",
        f"key {SECRET} wrong",
        "Authorization: Bearer abcdef0123456789",
        "sk-proj-0123456789abcdef0123",
        "twk_0123456789abcdef0123",
        "POST /webhooks/01900000-0000-7000-8000-000000000000/ZmFrZS10b2tlbg failed",
        "GET /exports/01900000-0000-7000-8000-000000000000/1796049899/ZmFrZS10b2tlbg failed",
        "GET /media/01900000-0000-7000-8000-000000000000/ZmFrZS10b2tlbg failed",
        "cannot reach redis://:hunter2hunter2@10.0.0.1/0",
        "no chat for ana.lima@example.com",
        "no chat for 5511987654321@s.whatsapp.net",
        "no chat for +5511987654321",
    ],
)
def test_secrets_and_addresses_of_people_are_hidden_inside_texts(lines: Lines, value: str) -> None:
    structlog.get_logger().warning("e", reason=value)
    (line,) = lines()
    assert "[hidden]" in line["reason"]
    for piece in (TOKEN, SECRET, "abcdef0123456789", "ZmFrZS10b2tlbg", "hunter2", "ana.lima", "5511987654321"):
        assert piece not in line["reason"]


def test_a_trace_hides_secrets_too(lines: Lines) -> None:
    try:
        raise RuntimeError(f"cannot use {SECRET}")
    except RuntimeError:
        structlog.get_logger().exception("crashed")
    (line,) = lines()
    assert "RuntimeError" in line["exception"] and SECRET not in line["exception"]


def test_a_trace_does_not_show_the_row_that_the_database_refused(lines: Lines, app: Flask) -> None:
    statements = (
        "insert into contact (id, workspace_id, name) values (gen_random_uuid(), null, 'my illness\nis mine')",
        "select 'my illness', 'not an id'::uuid, 'my illness'",
    )
    for statement in statements:
        try:
            run(statement)
        except psycopg2.Error:
            structlog.get_logger().exception("crashed")
        (line,) = lines()
        assert "psycopg2.errors" in line["exception"] and "run(statement)" in line["exception"]
        assert "illness" not in line["exception"] and "is mine" not in line["exception"]


def test_what_people_wrote_is_told_only_while_debugging(lines: Lines) -> None:
    structlog.get_logger().info("received", text="my illness", body="my illness", messages=["my illness"])
    assert "my illness" not in json.dumps(lines())
    start_logs(Settings(log_level="DEBUG"))
    structlog.get_logger().debug("received", text="my illness")
    assert lines()[0]["text"] == "my illness"


def test_a_line_break_makes_no_second_line(lines: Lines, capsys: pytest.CaptureFixture[str]) -> None:
    structlog.get_logger().info("e", name='x\n{"event": "forged"}\r\n')
    assert len(lines()) == 1
    start_logs(Settings(log_format="console"))
    structlog.get_logger().info("e", name="x\nforged\rline")
    assert len(capsys.readouterr().err.splitlines()) == 1


def test_ids_and_numbers_are_left_alone(lines: Lines) -> None:
    values = {"turn_id": "01a2036b-87b9-7322-98ba-bb33c2d45817", "at": 1795353471123, "provider_id": "BAE5F4A1C2D3E4F5"}
    structlog.get_logger().info("e", **values)
    assert lines()[0].items() >= values.items()


def test_all_lines_of_a_request_carry_its_id(config: dict[str, Any], capsys: pytest.CaptureFixture[str]) -> None:
    app = create_app({**config, "log_format": "json"})
    app.add_url_rule("/log", view_func=lambda: structlog.get_logger().info("inside") or "ok")
    app.test_client().get("/log", headers={"X-Request-ID": "abcdef-0001"})
    line = next(json.loads(each) for each in capsys.readouterr().err.splitlines() if '"inside"' in each)
    assert line["request_id"] == "abcdef-0001"


@given(st.from_regex(PLAIN, fullmatch=True))
def test_what_is_taken_for_plain_holds_nothing_to_hide(text: str) -> None:
    assert PERSONS.sub(HIDDEN, SECRET_VALUES.sub(HIDDEN, text)) == text


def test_own_secret_is_hidden_however_plain_it_looks() -> None:
    assert hide_text("sesame_open", ["sesame_open"]) == HIDDEN
