"""A whole installation, as `tawkee up` runs it, with a company whose channels lead to us."""

import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import psycopg2
from psycopg2.extras import Json

from tawkee_core.channels.load import seal_context
from tawkee_core.embedded import places
from tawkee_core.embedded.children import Child, Program, stop_group, wait_ready
from tawkee_core.embedded.keys import load_keys
from tawkee_core.embedded.launcher import FEW_ARENAS
from tawkee_core.embedded.ports import free_port, try_listening
from tawkee_core.embedded.programs import CLI, GUNICORN, Address, Commands, web_program, work_program
from tawkee_core.embedded.servers import open_folder, start_servers
from tawkee_core.models.base import new_id
from tawkee_core.security import seal
from tawkee_core.settings import Settings

from .crowd import Door
from .figures import check
from .model import SECONDS
from .processes import process_tree

ROOT = Path(__file__).parent.parent
WEB = (*GUNICORN, "benchmarks.served:make_app()")
HOLD_SECONDS = 60
LOADED_SECONDS = 90.0
APP_SECRET = "the-app-s-secret-of-forty-characters-or-so"
# kind, configuration and secrets of the channels whose webhooks are only kept
OTHERS: tuple[tuple[str, dict[str, Any], dict[str, str]], ...] = (
    ("whatsapp_cloud", {"phone_number_id": "1060"}, {"token": "t", "app_secret": APP_SECRET}),
    ("telegram", {"groups": "ignore"}, {"token": "123:abc"}),
)


def is_free(port: int) -> bool:
    return try_listening("127.0.0.1", port) is None


@dataclass
class Site:
    """The processes, by name, and the way to the database. `doors` are the channels: by model, and `kept`, whose
    messages wait for more of them and are not answered."""

    data: Path
    environment: dict[str, str]
    port: int
    children: list[Child] = field(default_factory=list)
    doors: dict[str, Door] = field(default_factory=dict)
    webchat: str = ""

    def pid(self, name: str) -> int:
        return int(json.loads((self.data / "run" / f"{name}.json").read_text())["pid"])

    def pids(self) -> dict[str, int]:
        """Who works on a reply."""
        workers = [child.program.name for child in self.children if child.program.name.startswith("worker")]
        return {name: self.pid(name) for name in ("web", *workers, "postgres", "redis")}

    def web_pids(self) -> list[int]:
        return process_tree(self.pid("web"))

    def wait_loaded(self) -> None:
        """Until every worker has loaded what is slow to load: turns are answered before that, but not at their pace."""
        deadline = time.monotonic() + LOADED_SECONDS
        for child in self.children:
            while child.program.name.startswith("worker") and "worker_loaded" not in child.log.read_text():
                check(time.monotonic() < deadline, f"{child.program.name} does not come to load its models")
                time.sleep(0.1)

    def sql(self, statement: str, parameters: Any = ()) -> list[tuple[Any, ...]]:
        """Run one statement in the database, as `tawkee up` knows it."""
        return run_sql(self.environment["TAWKEE_DATABASE_URL"], statement, parameters)

    def check_alive(self) -> None:
        for child in self.children:
            check(not child.is_dead(), f"{child.program.name} died:\n{child.tail()}")

    def drop_kept(self) -> None:
        """End the turns of the channel that only keeps, so that none of them is answered in the middle of a run."""
        self.sql("update turn set state = 'cancelled', done_at = now() where state = 'collecting'")


def run_sql(url: str, statement: str, parameters: Any = ()) -> list[tuple[Any, ...]]:
    """Run one statement on a connection of its own, outside of any transaction."""
    connection = psycopg2.connect(url, connect_timeout=5)
    connection.autocommit = True
    try:
        with connection.cursor() as cursor:
            cursor.execute(statement, parameters or None)
            return cursor.fetchall() if cursor.description else []
    finally:
        connection.close()


@contextmanager
def running_site(data: Path, provider_port: int, workers: int = 1) -> Iterator[Site]:
    """Run one, fsync on, in an empty folder. Raises StartError, BenchError."""
    data = open_folder(data)
    with start_servers(data, fast=False) as urls:
        site = Site(data, environment_of(data, urls), free_port())
        try:
            migrate(site)
            found_company(site, f"http://127.0.0.1:{provider_port}")
            with running_model(site):
                start(site, programs(site, workers))
                yield site
                site.check_alive()
        finally:
            stop_group(site.children)


@contextmanager
def running_model(site: Site) -> Iterator[None]:
    """The model's server, where the site's environment says that it is. It is kept in a folder of its own: a launcher
    would end it as a stray of the site's."""
    port = urlsplit(site.environment["OPENAI_API_BASE"]).port or 0
    check(is_free(port), "the model's port is taken")
    command = [sys.executable, "-m", "benchmarks.model", str(port)]
    model = Child(Program("model", command, site.environment, lambda: not is_free(port)), site.data / "model")
    model.start()
    try:
        wait_ready([model], 30)
        yield
        check(not model.is_dead(), f"the model died:\n{model.tail()}")
    finally:
        stop_group([model])


def environment_of(data: Path, urls: dict[str, str]) -> dict[str, str]:
    keys = load_keys(data, {})
    return {name: value for name, value in os.environ.items() if not name.startswith(("TAWKEE_", "OPENAI_"))} | {
        **FEW_ARENAS,
        **urls,
        "TAWKEE_DATA": str(data),
        "TAWKEE_SECRET_KEY": keys.secret_key,
        "TAWKEE_KEYS": keys.keys,
        "TAWKEE_PRIVATE_HOSTS": "127.0.0.0/8",
        "PROMETHEUS_MULTIPROC_DIR": str(places.empty_folder(data / "metrics")),
        "OPENAI_API_KEY": "sk-bench",
        "OPENAI_API_BASE": f"http://127.0.0.1:{free_port()}/v1",
        "PYTHONPATH": str(ROOT),
    }


def programs(site: Site, workers: int) -> list[Program]:
    commands = Commands(web=WEB)
    check(is_free(site.port), "the port is taken")
    web = web_program(commands, Address("127.0.0.1", site.port), site.environment)
    return [*(work_program(commands, number, site.environment) for number in range(1, workers + 1)), web]


def start(site: Site, wanted: list[Program]) -> None:
    for program in wanted:
        child = Child(program, site.data)
        site.children.append(child)
        child.start()
    wait_ready(site.children, 60)


def migrate(site: Site) -> None:
    step = Child(Program("migrate", [*CLI, "migrate"], site.environment), site.data)
    step.start(stdout=subprocess.PIPE)
    _, code = step.finish(60, lambda: True)
    check(code == 0, f"the migration failed:\n{step.tail()}")


def found_company(site: Site, provider: str) -> None:
    """A workspace with an agent and an Evolution channel for each model, one that only keeps, and a web chat."""
    workspace = new_id()
    site.sql("insert into workspace (id, name) values (%s, 'Bench')", (workspace,))
    for model, latency in SECONDS.items():
        agent = add_agent(site, workspace, f"openai/{model}", 0)
        site.doors[model] = add_channel(site, workspace, agent, provider, latency)
    keeper = add_agent(site, workspace, "openai/gpt-4o-mini", HOLD_SECONDS)
    site.doors["kept"] = add_channel(site, workspace, keeper, provider, 0)
    site.doors["kept evolution"] = add_channel(site, workspace, keeper, provider, 0)
    for kind, config, secrets in OTHERS:
        site.doors[f"kept {kind}"] = insert_channel(site, workspace, keeper, kind, config, secrets)
    site.webchat = new_id()
    site.sql(
        "insert into channel (id, workspace_id, agent_id, kind, name, webhook_token, status)"
        " values (%s, %s, %s, 'webchat', 'Site', 'none', 'connected')",
        (site.webchat, workspace, keeper),
    )


def add_agent(site: Site, workspace: str, model: str, grouping: int) -> str:
    agent = new_id()
    site.sql(
        "insert into agent (id, workspace_id, name, job_name, job_description, behavior)"
        " values (%s, %s, 'Ana', 'Loja de Tênis', 'Vende calçados pela internet.', 'Seja breve e gentil.')",
        (agent, workspace),
    )
    site.sql(
        "insert into agent_settings (agent_id, workspace_id, preferred_model, message_grouping_time)"
        " values (%s, %s, %s, %s)",
        (agent, workspace, model, grouping),
    )
    return agent


def add_channel(site: Site, workspace: str, agent: str, provider: str, latency: float) -> Door:
    config = {"base_url": provider, "instance": "bench", "contact_seconds": 0}
    return insert_channel(site, workspace, agent, "evolution", config, {"api_key": "k"}, latency)


def insert_channel(
    site: Site,
    workspace: str,
    agent: str,
    kind: str,
    config: dict[str, Any],
    secrets: dict[str, str],
    latency: float = 0,
) -> Door:
    channel, token = new_id(), new_id().replace("-", "")
    secret = seal(Settings(keys=site.environment["TAWKEE_KEYS"]), seal_context(workspace, channel), secrets)
    site.sql(
        "insert into channel (id, workspace_id, agent_id, kind, name, config, sealed, webhook_token, status)"
        " values (%s, %s, %s, %s, %s, %s, %s, %s, 'connected')",
        (channel, workspace, agent, kind, kind, Json(config), secret, token),
    )
    return Door(site.port, f"/webhooks/{channel}/{token}", token, latency)
