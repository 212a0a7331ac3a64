"""The product under fire, whole: PostgreSQL, Redis, gunicorn and workers as `tawkee up` runs them, each reached through
a proxy that can cut its wires, and companies with channels of all three kinds."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.client import HTTPConnection, HTTPException
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

import psycopg2
from psycopg2.extras import NamedTupleCursor

from tawkee_core.embedded.children import Child, Program, stop_group, wait_ready
from tawkee_core.embedded.keys import load_keys
from tawkee_core.embedded.ports import free_port
from tawkee_core.embedded.programs import CLI, Address, Commands, web_program, work_program
from tawkee_core.embedded.servers import open_folder, plan_servers
from tawkee_core.models.base import new_id
from tawkee_core.plugins import GROUP

from ..processes import process_tree
from .plugins import KINDS, MODEL, install
from .profiles import Profile

ROOT = Path(__file__).parents[2]
COMPANIES = 4


@dataclass(frozen=True)
class Door:
    """A channel: where its webhooks go."""

    kind: str
    path: str
    secret: str
    company: int


@dataclass(frozen=True)
class Company:
    """A workspace, and the token of its owner."""

    workspace: str
    token: str


@dataclass
class Site:
    """The processes by name, and the ways in."""

    data: Path
    database: str
    redis: str
    environment: dict[str, str] = field(default_factory=dict)
    children: dict[str, Child] = field(default_factory=dict)
    ports: list[int] = field(default_factory=list)
    companies: list[Company] = field(default_factory=list)
    doors: list[Door] = field(default_factory=list)
    wires: "subprocess.Popen[bytes] | None" = None

    def pid(self, name: str) -> int:
        process = self.children[name].process
        return process.pid if process else 0

    def named(self, prefix: str) -> list[str]:
        return [name for name in self.children if name.startswith(prefix)]

    def web_workers(self) -> list[int]:
        return [pid for name in self.named("web") if self.pid(name) for pid in process_tree(self.pid(name))[1:]]

    def sql(self, statement: str, parameters: Any = ()) -> list[Any]:
        """Run one statement, past the proxies."""
        connection = psycopg2.connect(self.database, connect_timeout=5, cursor_factory=NamedTupleCursor)
        try:
            with connection, connection.cursor() as cursor:
                cursor.execute(statement, parameters)
                return cursor.fetchall() if cursor.description else []
        finally:
            connection.close()

    def tell_wires(self, line: str) -> None:
        assert self.wires is not None and self.wires.stdin is not None
        self.wires.stdin.write(f"{line}\n".encode())
        self.wires.stdin.flush()

    def call(self, method: str, path: str, body: Any = None, token: str = "", port: int = 0) -> tuple[int, Any]:
        """A request to the API; status 0 when no answer came."""
        connection = HTTPConnection("127.0.0.1", port or self.ports[0], timeout=15)
        headers = {"content-type": "application/json"} | ({"authorization": f"Bearer {token}"} if token else {})
        try:
            connection.request(method, path, json.dumps(body) if body is not None else None, headers)
            answer = connection.getresponse()
            return answer.status, json.loads(answer.read() or b"null")
        except (OSError, HTTPException, ValueError) as error:
            return 0, str(error)
        finally:
            connection.close()


@contextmanager
def running_site(data: Path, profile: Profile, outside: Mapping[str, int], tree: Path = ROOT) -> Iterator[Site]:
    """Run one from the code in `tree`. The processes die with the thread that enters here."""
    data = open_folder(data)
    programs, urls = plan_servers(data, load_keys(data, {}), {"TAWKEE_QDRANT_URL": "http://127.0.0.1:1"})
    site = Site(data, urls["TAWKEE_DATABASE_URL"], urls["TAWKEE_REDIS_URL"])
    site.children = {program.name: Child(program, data) for program in programs}
    try:
        start(site, list(site.children))
        wired = start_wires(site, outside, tree)
        site.environment = environment_of(site, profile, wired, install(data / "plugins"), tree)
        migrate(site)
        add_processes(site, profile)
        found_companies(site, profile)
        yield site
    finally:
        stop_group(list(site.children.values()))
        if site.wires is not None:
            site.wires.kill()
            site.wires.communicate()


def start(site: Site, names: list[str], seconds: float = 120) -> None:
    for name in names:
        site.children[name].start()
    wait_ready([site.children[name] for name in names], seconds)


def start_wires(site: Site, outside: Mapping[str, int], tree: Path) -> dict[str, int]:
    """The proxies in a process of their own; their ports by name."""
    sockets = {"postgres": socket_of(site.database) + "/.s.PGSQL.5432", "redis": unquote(urlsplit(site.redis).path)}
    targets = sockets | {name: str(port) for name, port in outside.items()}
    ports = {name: free_port() for name in targets}
    wanted = [f"{name}={ports[name]}:{target}" for name, target in targets.items()]
    site.wires = subprocess.Popen(
        [sys.executable, "-m", "benchmarks.chaos.proxy", *wanted],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        cwd=tree,
    )
    assert site.wires.stdout is not None
    site.wires.stdout.readline()
    return ports


def socket_of(url: str) -> str:
    return unquote(urlsplit(url).query.partition("host=")[2])


def environment_of(site: Site, profile: Profile, wired: Mapping[str, int], plugins: Path, tree: Path) -> dict[str, str]:
    from importlib.metadata import entry_points

    keys = load_keys(site.data, {})
    parts = urlsplit(site.database)
    database = f"postgresql://{parts.username}:{parts.password}@127.0.0.1:{wired['postgres']}{parts.path}"
    others = ",".join(entry.name for entry in entry_points(group=GROUP))
    settings = {f"TAWKEE_{name.upper()}": str(value) for name, value in profile.settings.items()}
    return {name: value for name, value in os.environ.items() if not name.startswith("TAWKEE_")} | {
        "TAWKEE_DATABASE_URL": f"{database}?sslmode=disable&gssencmode=disable",
        "TAWKEE_REDIS_URL": f"redis://127.0.0.1:{wired['redis']}/0",
        "TAWKEE_QDRANT_URL": "http://127.0.0.1:1",
        "TAWKEE_DATA": str(site.data),
        "TAWKEE_SECRET_KEY": keys.secret_key,
        "TAWKEE_KEYS": keys.keys,
        "TAWKEE_MODEL": MODEL,
        "TAWKEE_BLOCKED_PLUGINS": others,
        "TAWKEE_ACCESS_MINUTES": "600",
        "CHAOS_PROVIDER": str(wired["provider"]),
        "CHAOS_MODEL": str(wired["model"]),
        "PYTHONPATH": f"{plugins}:{tree}",
        **settings,
    }


def migrate(site: Site) -> None:
    step = Child(Program("migrate", [*CLI, "migrate"], site.environment), site.data)
    step.start(stdout=subprocess.PIPE)
    _, code = step.finish(60, lambda: True)
    assert code == 0, f"the migration failed:\n{step.tail()}"


def add_processes(site: Site, profile: Profile) -> None:
    """Workers and gunicorns, of which each has a port of its own."""
    commands = Commands()
    for number in range(1, profile.webs + 1):
        site.ports.append(free_port())
        program = web_program(commands, Address("127.0.0.1", site.ports[-1]), site.environment)
        name = f"web-{number}"
        site.children[name] = Child(Program(**vars(program) | {"name": name}), site.data)
    for number in range(1, profile.workers + 1):
        program = work_program(commands, number, site.environment)
        site.children[program.name] = Child(program, site.data)
    start(site, [*site.named("web"), *site.named("worker")])


def found_companies(site: Site, profile: Profile) -> None:
    """Companies that registered, each with an agent and a channel of every kind."""
    for number in range(COMPANIES):
        person = {"name": "Ana", "email": f"ana{number}@example.com", "password": f"uma frase bem longa {number}"}
        status, answer = site.call("POST", "/api/auth/register", person)
        assert status == 201, f"nobody can register: {status} {answer}"
        company = Company(answer["workspace"]["id"], answer["access_token"])
        site.companies.append(company)
        agent = add_agent(site, company.workspace, profile.grouping[number % len(profile.grouping)])
        site.doors += [add_channel(site, company.workspace, agent, kind, number) for kind in KINDS]


def add_agent(site: Site, workspace: str, grouping: int) -> str:
    agent = new_id()
    site.sql("insert into agent (id, workspace_id, name) values (%s, %s, 'Ana')", (agent, workspace))
    site.sql(
        "insert into agent_settings (agent_id, workspace_id, message_grouping_time) values (%s, %s, %s)",
        (agent, workspace, grouping),
    )
    return agent


def add_channel(site: Site, workspace: str, agent: str, kind: str, company: int) -> Door:
    channel, secret = new_id(), new_id().replace("-", "")
    site.sql(
        "insert into channel (id, workspace_id, agent_id, kind, name, webhook_token, status)"
        " values (%s, %s, %s, %s, %s, %s, 'connected')",
        (channel, workspace, agent, f"chaos_{kind}", kind, secret),
    )
    return Door(kind, f"/webhooks/{channel}/{secret}", secret, company)
