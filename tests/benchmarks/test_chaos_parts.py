"""The parts of a chaos run: the plan of blows, the wires that are cut, the other sides, the mutants."""

import asyncio
import json
import random
import time
from collections.abc import Awaitable
from typing import Any

import pytest

from benchmarks.chaos.checker import RULES
from benchmarks.chaos.driver import webhook_body
from benchmarks.chaos.history import History, Said
from benchmarks.chaos.machine import OUT_OF_REACH, Tried, read_report
from benchmarks.chaos.mutants import MUTANTS, apply_change
from benchmarks.chaos.nemesis import plan_blows
from benchmarks.chaos.outside import CALM, Outside, Temper, reply_text
from benchmarks.chaos.plugins import IDEMPOTENT, MAX_TEXT, OPAQUE, waiting_lines
from benchmarks.chaos.profiles import ALL, PROFILES
from benchmarks.chaos.proxy import Proxy
from benchmarks.chaos.site import ROOT
from tawkee_core import Channel, ModelMessage
from tawkee_core.conversation.degrade import split_text
from tawkee_core.errors import InvalidWebhook


def test_plan_comes_from_the_seed() -> None:
    plan = plan_blows(ALL, 60, 7)
    assert plan == plan_blows(ALL, 60, 7)
    assert plan != plan_blows(ALL, 60, 8)
    assert [planned.at for planned in plan] == sorted(planned.at for planned in plan)
    assert all(2 < planned.at < 60 for planned in plan)


def test_plan_holds_as_many_blows_as_its_means_say() -> None:
    plan = plan_blows({"worker kill": 1.0, "postgres kill": 10.0}, 1000, 1)
    kills = sum(planned.what == "worker kill" for planned in plan)
    assert 850 < kills < 1150
    assert 60 < len(plan) - kills < 140


async def serve_lines(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    while line := await reader.readline():
        writer.write(b"heard " + line)
    writer.close()


async def hang_up(writer: asyncio.StreamWriter) -> None:
    writer.close()
    try:
        await writer.wait_closed()
    except ConnectionError:
        writer.transport.abort()  # the other side was quicker


async def end_tasks() -> None:
    """Let the servers' sides see that their connections ended."""
    others = asyncio.all_tasks() - {asyncio.current_task()}
    if others:
        await asyncio.wait(others, timeout=5)


def with_proxy(deed: Any) -> None:
    """Do something with a proxy and a connection through it."""

    async def scene() -> None:
        server = await asyncio.start_server(serve_lines, "127.0.0.1", 0)
        proxy = Proxy(str(server.sockets[0].getsockname()[1]))
        port = await proxy.listen()
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        try:
            await asyncio.wait_for(deed(proxy, reader, writer), 10)
        finally:
            await hang_up(writer)
            await proxy.close()
            server.close()
            await end_tasks()

    asyncio.run(scene())


async def ask(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bytes:
    writer.write(b"oi\n")
    return await reader.readline()


def test_proxy_passes_on_what_both_sides_say() -> None:
    async def deed(proxy: Proxy, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        assert [await ask(reader, writer), await ask(reader, writer)] == [b"heard oi\n"] * 2

    with_proxy(deed)


def test_proxy_cuts_all_wires_when_told() -> None:
    async def deed(proxy: Proxy, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await ask(reader, writer)
        assert proxy.reset() == 2
        with pytest.raises(ConnectionResetError):
            await ask(reader, writer)

    with_proxy(deed)


def test_proxy_holds_back_for_as_long_as_told() -> None:
    async def deed(proxy: Proxy, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await ask(reader, writer)
        began = time.monotonic()
        proxy.hole(0.2)
        assert await ask(reader, writer) == b"heard oi\n"
        assert time.monotonic() - began >= 0.2

    with_proxy(deed)


def test_proxy_before_nobody_breaks_the_connection() -> None:
    async def scene() -> None:
        proxy = Proxy("/nowhere.sock")
        reader, writer = await asyncio.open_connection("127.0.0.1", await proxy.listen())
        with pytest.raises(ConnectionResetError):
            await asyncio.wait_for(reader.read(), 10)
        await hang_up(writer)
        await proxy.close()

    asyncio.run(scene())


async def post(port: int, path: str, body: dict[str, Any]) -> tuple[bytes, Any]:
    """The status line and the JSON; empty when the connection was cut."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    text = json.dumps(body).encode()
    writer.write(b"POST %s HTTP/1.1\r\nContent-Length: %d\r\n\r\n" % (path.encode(), len(text)) + text)
    try:
        head, _, answer = (await asyncio.wait_for(reader.read(), 10)).partition(b"\r\n\r\n")
    except ConnectionResetError:
        return b"", None
    finally:
        await hang_up(writer)
    return head.split(b"\r\n")[0], json.loads(answer or b"null")


def with_outside(temper: Temper, scene: Any) -> Outside:
    async def run() -> Outside:
        outside = Outside(History(), temper, random.Random(1))
        await outside.listen()
        played: Awaitable[None] = scene(outside)
        await played
        await outside.close()
        await end_tasks()
        return outside

    return asyncio.run(run())


def message(kind: str, text: str = "r1 1/1 oi", client_id: str = "one") -> dict[str, str]:
    return {"to": "c5", "text": text, "client_id": client_id, "kind": kind}


@pytest.mark.parametrize(("kind", "times"), [("idempotent", 1), ("reconcilable", 2), ("opaque", 2)])
def test_provider_knows_a_client_id_where_its_kind_does(kind: str, times: int) -> None:
    async def scene(outside: Outside) -> None:
        answers = [await post(outside.ports["provider"], "/send", message(kind)) for _ in range(2)]
        assert answers[0] == answers[1]
        found = await post(outside.ports["provider"], "/find", {"client_id": "one"})
        assert found[1]["id"] == answers[0][1]["id"]

    outside = with_outside(CALM, scene)
    assert sum(request.accepted for request in outside.history.requests) == times
    assert {(r.chat, r.reply, r.part, r.parts) for r in outside.history.requests} == {(5, "r1", 1, 1)}


@pytest.mark.parametrize(
    ("temper", "status", "accepted"),
    [
        (Temper(error=1), b"HTTP/1.1 500 OK", False),
        (Temper(error=0, limited=1), b"HTTP/1.1 429 OK", False),
        (Temper(error=0, limited=0, lost=1), b"", True),
    ],
)
def test_provider_fails_as_told(temper: Temper, status: bytes, accepted: bool) -> None:
    async def scene(outside: Outside) -> None:
        assert (await post(outside.ports["provider"], "/send", message("opaque")))[0] == status

    outside = with_outside(temper, scene)
    assert [request.accepted for request in outside.history.requests] == [accepted]


def test_model_notes_whom_it_answers() -> None:
    async def scene(outside: Outside) -> None:
        assert (await post(outside.ports["model"], "/complete", {"lines": ["c5 m1", "c5 m2"]}))[1]["text"]

    (thought,) = with_outside(CALM, scene).history.thoughts
    assert (thought.chat, thought.numbers, thought.reply, thought.outcome) == (5, [1, 2], "r1", "answered")


@pytest.mark.parametrize("parts", [1, 2, 3])
def test_reply_is_cut_into_its_parts(parts: int) -> None:
    info = OPAQUE.channel_info()
    cut = split_text(reply_text("r99999", parts), info.capabilities)
    assert [text[:10] for text in cut] == [f"r99999 {part}/{parts}" for part in range(1, parts + 1)]
    assert max(map(len, cut)) <= MAX_TEXT


def test_webhook_is_verified_and_read(channel: Channel) -> None:
    from benchmarks.chaos.plugins import SIGNATURE, sign

    body = webhook_body([Said(5, 1, "c5-m1", 0.0)], 0)
    headers = {SIGNATURE: sign(channel.webhook_secret, body)}
    assert IDEMPOTENT.channel_verify(channel, headers, body)
    with pytest.raises(InvalidWebhook):
        IDEMPOTENT.channel_verify(channel, headers, body + b" ")
    assert [getattr(event, "text", "") for event in IDEMPOTENT.channel_parse(body)] == ["c5 m1"]


@pytest.fixture
def channel() -> Channel:
    return Channel("1", "2", "3", "chaos_idempotent", "Chaos", {}, "http://127.0.0.1", "secret", "connected")


def test_what_waits_for_an_answer_is_what_came_after_the_last() -> None:
    said = [ModelMessage("user", "c1 m1"), ModelMessage("assistant", "r1 1/1"), ModelMessage("user", "c1 m2")]
    assert waiting_lines(said) == ["c1 m2"]


@pytest.mark.parametrize("mutant", MUTANTS, ids=lambda mutant: mutant.name)
def test_mutant_still_applies(mutant: Any) -> None:
    """Each old line occurs exactly once, and the mutated module is Python."""
    texts: dict[str, str] = {}
    for change in mutant.changes:
        texts[change.file] = apply_change(texts.get(change.file) or (ROOT / change.file).read_text(), change)
    for file, text in texts.items():
        compile(text, file, "exec")
        assert text != (ROOT / file).read_text()
    assert mutant.profile in PROFILES
    assert mutant.caught_by <= {rule.__name__.replace("_", " ") for rule in RULES}


def test_there_are_enough_mutants() -> None:
    assert len(MUTANTS) >= 12
    assert len({mutant.name for mutant in MUTANTS}) == len(MUTANTS)


FAILED = """
E               AssertionError: delivered twice
E               assert {'a': 2} == {}
E               Failing test case: <state machine>
1 failed in 12.34s
"""
ELSEWHERE = FAILED.replace("<state machine>", "another")
SELDOM = "E   AssertionError: too seldom: {'reply fenced': 0.0}\n1 failed in 9.00s\n"


@pytest.mark.parametrize(
    ("code", "said", "tried"),
    [
        (0, "1 passed in 20.00s (0:00:20)\n", Tried("", 20.0)),
        (1, FAILED, Tried("delivered twice", 12.34)),
        (1, ELSEWHERE, Tried("", 12.34, ELSEWHERE)),
        (1, SELDOM, Tried("too seldom: {'reply fenced': 0.0}", 9.0)),
        (2, "no tests ran in 0.10s", Tried("", 0.1, "no tests ran in 0.10s")),
        (4, "", Tried("", 0.0, "exit code 4")),
    ],
)
def test_what_the_machine_said_is_read(code: int, said: str, tried: Tried) -> None:
    assert read_report(code, said) == tried


def test_the_machine_is_excused_from_known_mutants_only() -> None:
    assert set(OUT_OF_REACH) < {mutant.name for mutant in MUTANTS}
    assert len(MUTANTS) - len(OUT_OF_REACH) >= 10
