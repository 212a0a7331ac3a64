"""Tawkee in the same place: a whole installation whose channels are bots of the stand-in's.

Telegram takes 30 messages a second of one bot, and Tawkee keeps to that, so its customers are spread over several bots;
the rivals have one, which nothing slows down."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from psycopg2.extras import Json

from tawkee_core.channels.load import seal_context
from tawkee_core.embedded.children import wait_ready
from tawkee_core.models.base import new_id
from tawkee_core.security import seal
from tawkee_core.settings import Settings

from ..figures import check
from ..processes import process_tree
from ..site import Site, add_agent, running_site
from .telegram import Bot, BotApi

BOTS = 12
LOADED_SECONDS = 60.0


@dataclass
class Tawkee:
    """The installation, and its bots by model."""

    site: Site
    by_model: dict[str, list[Bot]]
    name: str = "tawkee"

    @property
    def pids(self) -> list[int]:
        """Who works on an answer: web, workers, PostgreSQL, Redis."""
        self.site.check_alive()
        return [pid for part in self.site.pids().values() for pid in process_tree(part)]

    def kill(self) -> None:
        """kill -9 of web and workers; the servers stay."""
        for child in self.site.children:
            child.sweep()

    def restart(self) -> None:
        for child in self.site.children:
            child.start()
        wait_ready(self.site.children, LOADED_SECONDS)


@contextmanager
def running_tawkee(folder: Path, api: BotApi, workers: int, models: tuple[str, ...]) -> Iterator[Tawkee]:
    """As `tawkee up --workers …` runs it; each bot's webhook is set, as `channel_connect` would set it."""
    with running_site(folder, 1, workers) as site:
        workspace = str(site.sql("select id from workspace limit 1")[0][0])
        by_model = {model: add_bots(site, api, workspace, model) for model in models}
        api.bots |= {bot.token: bot for bots in by_model.values() for bot in bots}
        yield Tawkee(site, by_model)


def add_bots(site: Site, api: BotApi, workspace: str, model: str) -> list[Bot]:
    agent = add_agent(site, workspace, f"openai/{model}", 0)
    return [add_bot(site, api, workspace, agent, number) for number in range(BOTS)]


def add_bot(site: Site, api: BotApi, workspace: str, agent: str, number: int) -> Bot:
    channel, secret = new_id(), new_id().replace("-", "")
    token = f"{number + 1}:{channel}"
    config = {"api_url": f"http://127.0.0.1:{api.port}", "contact_seconds": 0, "typing": False}
    settings = Settings(keys=site.environment["TAWKEE_KEYS"])
    sealed = seal(settings, seal_context(workspace, channel), {"token": token})
    site.sql(
        "insert into channel (id, workspace_id, agent_id, kind, name, config, sealed, webhook_token, status)"
        " values (%s, %s, %s, 'telegram', 'Telegram', %s, %s, %s, 'connected')",
        (channel, workspace, agent, Json(config), sealed, secret),
    )
    check(api.port > 0, "the Bot API is not there")
    return Bot(token, (site.port, f"/webhooks/{channel}/{secret}", secret))
