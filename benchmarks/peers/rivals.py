"""The rivals: installed from PyPI into environments of their own, told where model and Bot API are, and started."""

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from ..figures import check
from ..processes import process_tree
from .telegram import Bot

TOKEN = "7000000001:AAbench"
STOP_SECONDS = 15.0
SYSTEM = "Você atende os clientes da Loja de Tênis. Seja breve e gentil."

# the whole of a bot: each chat's last 20 messages in memory, one call of the model, one message sent
NONEBOT_PLUGIN = """
from collections import defaultdict, deque
from os import environ
from nonebot import on_message
from nonebot.adapters.telegram import Bot, Event
from openai import AsyncOpenAI

client = AsyncOpenAI()
said = defaultdict(lambda: deque(maxlen=20))
system = {"role": "system", "content": environ["BENCH_SYSTEM"]}

@on_message().handle()
async def answer(bot: Bot, event: Event):
    chat = said[event.get_session_id()]
    chat.append({"role": "user", "content": event.get_plaintext()})
    reply = await client.chat.completions.create(model=environ["BENCH_MODEL"], messages=[system, *chat])
    chat.append({"role": "assistant", "content": reply.choices[0].message.content})
    await bot.send(event, reply.choices[0].message.content)
"""
NONEBOT_MAIN = """
import nonebot
from nonebot.adapters.telegram import Adapter

nonebot.init()
nonebot.get_driver().register_adapter(Adapter)
nonebot.load_plugin("answer")
nonebot.run()
"""


@dataclass(frozen=True)
class Server:
    """Where the stand-ins are: the Bot API's port, and the model's address."""

    api_port: int
    model_url: str


@dataclass
class Rival:
    """One rival bot in a folder; `write` puts its files there and gives its environment for a model."""

    name: str
    packages: tuple[str, ...]
    python: str
    command: tuple[str, ...]
    write: Callable[[Path, Server, str], Mapping[str, str]]
    folder: Path
    process: subprocess.Popen[bytes] | None = None
    bots: list[Bot] = field(default_factory=lambda: [Bot(TOKEN)])

    @property
    def binaries(self) -> Path:
        return self.folder / "venv" / "bin"

    def install(self) -> str:
        """Install it, once a folder; what was installed, with its version."""
        self.folder.mkdir(parents=True, exist_ok=True)
        pip = [str(self.binaries / "python"), "-m", "pip"]
        if not (self.folder / "installed").exists():
            shutil.rmtree(self.folder / "venv", ignore_errors=True)
            subprocess.run([self.python, "-m", "venv", str(self.folder / "venv")], check=True)
            quiet = ["--quiet", "--disable-pip-version-check"]
            subprocess.run([*pip, "install", *quiet, *self.packages], check=True, timeout=900)
            (self.folder / "installed").touch()
        listed = subprocess.run([*pip, "list", "--format=json"], capture_output=True, text=True, check=True).stdout
        wanted = {package.partition("[")[0].partition("=")[0].lower() for package in self.packages}
        found = [each for each in json.loads(listed) if each["name"].lower() in wanted]
        return ", ".join(f"{each['name']} {each['version']}" for each in found)

    def start(self, server: Server, model: str) -> None:
        shutil.rmtree(self.folder / "run", ignore_errors=True)
        (self.folder / "run").mkdir()
        self.environment = plain_environment() | {"OPENAI_API_KEY": "sk-bench", "OPENAI_BASE_URL": server.model_url}
        self.environment |= self.write(self.folder / "run", server, model)
        self.restart()

    def restart(self) -> None:
        with (self.folder / "log").open("ab") as log:
            self.process = subprocess.Popen(
                [str(self.binaries / self.command[0]), *self.command[1:]],
                cwd=self.folder / "run",
                env=self.environment,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )

    @property
    def pids(self) -> list[int]:
        """Who works on an answer."""
        assert self.process
        check(self.process.poll() is None, f"{self.name} died, see {self.folder / 'log'}")
        return process_tree(self.process.pid)

    def kill(self) -> None:
        """As a machine that fails would."""
        if self.process:
            os.killpg(self.process.pid, signal.SIGKILL)
            self.process.wait(STOP_SECONDS)

    stop = kill


def plain_environment() -> dict[str, str]:
    return {name: os.environ[name] for name in ("PATH", "HOME", "LANG") if name in os.environ} | {"no_proxy": "*"}


def write_nonebot(folder: Path, server: Server, model: str) -> Mapping[str, str]:
    (folder / "answer.py").write_text(NONEBOT_PLUGIN)
    (folder / "main.py").write_text(NONEBOT_MAIN)
    bots = [{"token": TOKEN, "api_server": f"http://127.0.0.1:{server.api_port}/"}]
    settings = {"DRIVER": "~none+~aiohttp", "LOG_LEVEL": "WARNING", "TELEGRAM_BOTS": json.dumps(bots)}
    (folder / ".env").write_text("".join(f"{name}={value}\n" for name, value in settings.items()))
    return {"BENCH_MODEL": model, "BENCH_SYSTEM": SYSTEM}


def nonebot(folder: Path) -> Rival:
    packages = ("nonebot2[aiohttp]", "nonebot-adapter-telegram", "openai")
    return Rival("nonebot", packages, sys.executable, ("python", "main.py"), write_nonebot, folder / "nonebot")


def wait_polling(asked: Callable[[], int], rival: Rival, seconds: float = 60.0) -> None:
    """Until a bot fetches its updates."""
    deadline = time.monotonic() + seconds
    while not asked():
        check(bool(rival.pids) and time.monotonic() < deadline, f"{rival.name} does not fetch its updates")
        time.sleep(0.05)
