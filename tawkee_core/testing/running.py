"""A whole Tawkee for a test: the application, its worker's threads, and a company with an agent and a channel."""

import json
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from flask import Flask
from flask.testing import FlaskClient
from psycopg2.extras import Json

from ..channels.load import load_channel, seal_context
from ..context import Tawkee, end_application
from ..db import run, transaction
from ..models import new_id
from ..security import new_secret, seal
from ..types import Channel
from ..work.pool import Pool
from .echo_channel import SECRET_HEADER

# the database may hold other tests' leftovers, which nobody waits for
BUSY = """
with mine as (select id from chat where channel_id = any(%(channels)s::uuid[]))
select (select count(*) from turn where state in ('collecting', 'running', 'replying') and chat_id in (table mine))
    + (select count(*) from outbound where state in ('pending', 'sending', 'reconciling') and chat_id in (table mine))
    + (select count(*) from inbound_event where state = 'new' and channel_id = any(%(channels)s::uuid[])) as busy
"""


@dataclass(frozen=True)
class Company:
    """A workspace with one agent."""

    workspace_id: str
    agent_id: str
    user_id: str


class Running:
    """An application with its own threads. `settle()` does all due work, as the worker process would."""

    def __init__(self, app: Flask) -> None:
        self.app = app
        self.tawkee: Tawkee = app.extensions["tawkee"]
        self.pool = Pool(app, threads=16)
        self.client: FlaskClient = app.test_client()
        self._channels: list[str] = []

    def add_company(self, **settings: Any) -> Company:
        """A workspace whose agent answers at once; settings are columns of agent_settings."""
        company = Company(new_id(), new_id(), new_id())
        chosen = {"message_grouping_time": 0, **settings}
        columns, values = ", ".join(chosen), tuple(chosen.values())
        with transaction() as cursor:
            cursor.execute("insert into workspace (id, name) values (%s, 'Company')", (company.workspace_id,))
            cursor.execute(
                "insert into account_user (id, email, name, password_hash) values (%s, %s, 'Person', '-')",
                (company.user_id, f"{company.user_id}@example.com"),
            )
            cursor.execute(
                "insert into membership (workspace_id, user_id, role) values (%s, %s, 'OWNER')",
                (company.workspace_id, company.user_id),
            )
            cursor.execute(
                "insert into agent (id, workspace_id, name) values (%s, %s, 'Ana')",
                (company.agent_id, company.workspace_id),
            )
            marks = ", ".join(["%s"] * len(values))
            cursor.execute(
                f"insert into agent_settings (agent_id, workspace_id, {columns}) values (%s, %s, {marks})",
                (company.agent_id, company.workspace_id, *values),
            )
        return company

    def add_channel(
        self, company: Company, kind: str, config: Mapping[str, Any] = {}, secrets: Mapping[str, Any] = {}
    ) -> Channel:  # noqa: B006 - never changed
        """A connected channel of this kind."""
        channel_id = new_id()
        self._channels.append(channel_id)
        sealed = seal(self.tawkee.settings, seal_context(company.workspace_id, channel_id), secrets)
        run(
            "insert into channel (id, workspace_id, agent_id, kind, name, config, sealed, webhook_token, status)"
            " values (%s, %s, %s, %s, %s, %s, %s, %s, 'connected')",
            (channel_id, company.workspace_id, company.agent_id, kind, kind, Json(dict(config)), sealed, new_secret()),
        )
        return load_channel(self.tawkee.settings, channel_id)

    def post(self, channel: Channel, body: bytes, headers: Mapping[str, str]) -> int:
        """Deliver a webhook as its provider would; the HTTP status."""
        path = urlsplit(channel.webhook_url).path
        return self.client.post(path, data=body, headers=dict(headers), content_type="application/json").status_code

    def post_echo(self, channel: Channel, *events: Mapping[str, Any]) -> int:
        """Deliver events to an echo channel."""
        return self.post(
            channel, json.dumps({"events": events, "nonce": new_id()}).encode(), {SECRET_HEADER: channel.webhook_secret}
        )

    def settle(self, seconds: float = 20.0) -> None:
        """Do what is due until nothing is left. Raises AssertionError when something stays undone."""
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            started = self.pool.drain_all()
            if not started and self.pool.idle and self.busy() == 0:
                return
            time.sleep(0.01)
        at_work = self.pool.threads - self.pool.free
        raise AssertionError(f"{self.busy()} undone and {at_work} threads at work after {seconds} seconds")

    def drain_until(self, done: Callable[[], bool], seconds: float = 20.0) -> None:
        """Do what is due until something holds. Raises AssertionError when it does not come to that."""
        deadline = time.monotonic() + seconds
        while not done():
            assert time.monotonic() < deadline, f"not so after {seconds} seconds"
            self.pool.drain_all()
            time.sleep(0.01)

    def busy(self) -> int:
        """How many turns, sendings and events of its channels have not come to their end."""
        return int(run(BUSY, {"channels": self._channels})[0].busy)

    def chat_of(self, channel: Channel) -> Any:
        """The only chat of a channel."""
        (chat,) = run("select * from chat where channel_id = %s", (channel.id,))
        return chat

    def messages_of(self, channel: Channel) -> list[Any]:
        """Every message of a channel, in order."""
        return run("select * from message where channel_id = %s order by chat_id, seq", (channel.id,))

    def close(self) -> None:
        end_application(self.app)
        self.pool.stop(10)


def make_running(config: Mapping[str, Any], plugins: Iterable[tuple[str, Any]]) -> Running:
    """A Tawkee on the given servers, its schema up to date."""
    from ..app import create_app
    from ..db import migrate

    app = create_app(config, plugins)
    migrate()
    return Running(app)
