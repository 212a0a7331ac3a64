"""Every command of the README is run: here against a running Tawkee, or by CI, or by the test named beside it."""

import json
import re
import shutil
import subprocess
import tempfile
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from tawkee_core.embedded.ports import free_port
from tests.conftest import make_database
from tests.examples.strangers import clean_environment, running
from tests.fakes.evolution_server import EvolutionServer
from tests.fakes.openai_server import OpenAIServer

ROOT = Path(__file__).parent.parent
README = (ROOT / "README.md").read_text()
BLOCKS = re.findall(r"^```sh\n(.*?)^```", README, re.MULTILINE | re.DOTALL)
START, START_WITH_KEY = "make up\n", "OPENAI_API_KEY=sk-your-key make up\n"
RUN_ELSEWHERE = {
    "make test\n": (".ci/run", "make test"),
    "pip install ./examples/tawkee_echo\ntawkee plugins\n": (
        "tests/examples/test_echo_wheel.py",
        '"tawkee", "plugins"',
    ),
}
SCRIPT = [block for block in BLOCKS if block not in (START, START_WITH_KEY, *RUN_ELSEWHERE)]
SHOWN = README.partition("```\n\n```\n")[2].partition("```")[0].splitlines()
QUESTION = "A que horas a padaria abre?"


@pytest.fixture
def folder() -> Iterator[Path]:
    made = Path(tempfile.mkdtemp(prefix="tawkee-readme-"))  # the servers' user may not walk pytest's own
    made.chmod(0o755)
    yield made
    shutil.rmtree(made)


@contextmanager
def made_up(command: str, folder: Path, **env: str) -> Iterator[list[str]]:
    """Run `make up` as the README says, without installing again, on a data folder and port of its own."""
    options = f'--no-print-directory -C {ROOT} -o install up ARGS="--port {free_port()} --data {folder / "data"}"'
    variables = clean_environment()
    variables.pop("OPENAI_API_KEY", None)
    with running(["bash", "-c", command.replace("make up", f"make {options}")], variables | env) as lines:
        yield lines


def first_words(lines: list[str]) -> list[list[str]]:
    """How each line begins, before what is another on every machine."""
    return [re.findall(r"[a-z]+:?", line)[:2] if "http" not in line else line.split(":")[:1] for line in lines]


def told(lines: list[str], what: str) -> str:
    """What `make up` printed after a word of the README's example."""
    return next(line.removeprefix(f"{what}: ") for line in lines if line.startswith(f"{what}: "))


def run_script(url: str, evolution: EvolutionServer) -> list[str]:
    """The README's blocks, in order, in one shell; what they printed, and the variables CHAT and VISITOR."""
    script = "\n".join(["set -e", *SCRIPT, 'echo "$CHAT $VISITOR"'])
    for word, real in {"http://127.0.0.1:8000": url, "https://evolution.example.com": evolution.url}.items():
        assert word in script
        script = script.replace(word, real)
    script = script.replace("your-evolution-key", evolution.key)
    done = subprocess.run(["bash", "-c", script], capture_output=True, text=True, timeout=110)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout.splitlines()


def test_every_command_is_run_somewhere() -> None:
    assert len(SCRIPT) >= 3
    assert {START, START_WITH_KEY} <= set(BLOCKS)
    for block, (place, words) in RUN_ELSEWHERE.items():
        assert block in BLOCKS
        assert words in (ROOT / place).read_text()


@pytest.mark.timeout(240)
def test_two_commands_and_a_frontend(folder: Path) -> None:
    """`make up` prints what the README shows; then everything under "Your frontend" and "A WhatsApp number" works."""
    with EvolutionServer() as evolution:
        with made_up(START, folder, TAWKEE_PRIVATE_HOSTS="127.0.0.1") as lines:
            assert first_words(lines) == first_words(SHOWN)
            printed = run_script(told(lines, "ready"), evolution)
            assert any("das 6h" in line and "sem modelo de linguagem" in line for line in printed)
            assert any(line.startswith("data:image/png;base64,") for line in printed)
            assert answers_on_whatsapp(evolution)


def answers_on_whatsapp(evolution: EvolutionServer) -> bool:
    (name,) = evolution.instances
    evolution.scan(name)
    evolution.say(name, "5511955551234", QUESTION)
    deadline = time.monotonic() + 40
    while not evolution.deliveries and time.monotonic() < deadline:
        time.sleep(0.1)
    return ["das 6h às 20h" in each.text for each in evolution.deliveries] == [True]


@pytest.mark.timeout(240)
def test_model_key(folder: Path, servers: dict[str, str]) -> None:
    """With a key, a language model answers in the demo's chat."""
    given = servers | {"TAWKEE_DATABASE_URL": make_database(servers["TAWKEE_DATABASE_URL"], "tawkee_readme")}
    with OpenAIServer(text="Olá, eu sou um modelo.") as provider:
        with made_up(START_WITH_KEY, folder, **given, OPENAI_API_BASE=provider.url) as lines:
            chat = told(lines, "demo chat")
            token = call(f"{chat}/sessions", {})["visitor_token"]
            call(f"{chat}/messages", {"client_id": "1", "text": "Oi"}, token)
            assert wait_for_answer(chat, token) == "Olá, eu sou um modelo."
        assert provider.chats[0].headers["authorization"] == "Bearer sk-your-key"


def call(url: str, body: dict[str, str] | None, token: str = "") -> Any:
    headers = {"content-type": "application/json"} | ({"authorization": f"Bearer {token}"} if token else {})
    request = urllib.request.Request(url, None if body is None else json.dumps(body).encode(), headers)
    with urllib.request.urlopen(request, timeout=30) as answer:
        return json.load(answer)


def wait_for_answer(chat: str, token: str, seconds: float = 40) -> str:
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        answers = [each for each in call(f"{chat}/messages", None, token)["messages"] if each["direction"] == "out"]
        if answers:
            return str(answers[0]["text"])
        time.sleep(0.2)
    return "no answer came"
