"""The stand-in of Telegram, and the customers who count what comes back."""

import asyncio
import json
import urllib.request
from collections.abc import Coroutine
from concurrent.futures import ThreadPoolExecutor
from typing import Any, TypeVar

import pytest

from benchmarks.peers.__main__ import ratios
from benchmarks.peers.customers import Customers, Heard
from benchmarks.peers.telegram import Bot, BotApi, read_values

Result = TypeVar("Result")


def call(api: BotApi, method: str, **values: object) -> Any:
    body = json.dumps(values).encode()
    url = f"http://127.0.0.1:{api.port}/bot1:a/{method}"
    with urllib.request.urlopen(urllib.request.Request(url, body), timeout=10) as answer:
        return json.loads(answer.read())["result"]


async def answer_all(api: BotApi, replies: int, until: asyncio.Event) -> None:
    """A bot that fetches its updates and answers each so many times."""
    offset = 0
    while not until.is_set():
        for update in await asyncio.to_thread(call, api, "getUpdates", offset=offset, timeout=0.2):
            offset = update["update_id"] + 1
            for _ in range(replies):
                await asyncio.to_thread(call, api, "sendMessage", chat_id=update["message"]["chat"]["id"], text="Sim!")


async def chat(replies: int, patience: float = 5.0) -> Heard:
    api, ended = BotApi({"1:a": (bot := Bot("1:a"))}), asyncio.Event()
    await api.listen()
    answering = asyncio.create_task(answer_all(api, replies, ended))
    customers = Customers(api, [bot], 3, 1000, 0.0)
    try:
        return await customers.ask_once(patience)
    finally:
        await asyncio.sleep(0.1)
        ended.set()
        await answering
        await api.close()


def run_apart(steps: Coroutine[Any, Any, Result]) -> Result:
    """In a thread: the browser's tests of the same process leave a loop running in the main one."""
    with ThreadPoolExecutor(1) as threads:
        return threads.submit(asyncio.run, steps).result()


@pytest.mark.parametrize(("replies", "lost", "doubled"), [(1, 0, 0), (2, 0, 3), (0, 3, 0)])
def test_what_is_lost_or_doubled_is_counted(replies: int, lost: int, doubled: int) -> None:
    heard = run_apart(chat(replies, 0.5 if lost else 5.0))
    assert (heard.asked, heard.lost, heard.doubled, len(heard.added)) == (3, lost, doubled, 3 - lost)


def test_a_webhook_is_delivered_until_it_is_taken() -> None:
    statuses = [503, 200]

    async def take(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = await reader.readuntil(b"\r\n\r\n")
        assert b"x-telegram-bot-api-secret-token: secret" in head
        writer.write(f"HTTP/1.1 {statuses.pop(0)} X\r\ncontent-length: 2\r\n\r\n{{}}".encode())
        writer.close()

    async def deliver() -> None:
        api, server = BotApi(), await asyncio.start_server(take, "127.0.0.1", 0)
        await api.listen()
        api.say(Bot("1:a", (server.sockets[0].getsockname()[1], "/hook", "secret")), 7, "oi")
        await asyncio.gather(*api.deliveries)
        await api.close()
        server.close()

    run_apart(deliver())
    assert statuses == []


@pytest.mark.parametrize(
    ("query", "head", "body"),
    [
        ("", b"content-type: application/json", b'{"chat_id": "7", "text": "a b"}'),
        ("", b"content-type: application/x-www-form-urlencoded", b"chat_id=7&text=a+b"),
        ("chat_id=7&text=a%20b", b"", b""),
        ("", b"content-type: multipart/form-data; boundary=x",
         b'--x\r\ncontent-disposition: form-data; name="chat_id"\r\n\r\n7\r\n'
         b'--x\r\ncontent-disposition: form-data; name="text"\r\n\r\na b\r\n--x--\r\n'),
    ],
)  # fmt: skip
def test_a_methods_values_are_read_in_every_form(query: str, head: bytes, body: bytes) -> None:
    assert read_values(query, head, body) == {"chat_id": "7", "text": "a b"}


def test_ratio_is_taken_inside_each_round_and_left_out_where_a_rival_answered_nothing() -> None:
    def rounds(*rates: float) -> list[dict[str, float]]:
        return [{"replies/s": rate, "CPU ms a reply": 20.0} for rate in rates]

    results = {"p | tawkee": rounds(80, 100, 90), "p | a": rounds(40, 100, 30), "p | b": rounds(0, 0, 0)}
    assert ratios(results) == {
        "p: replies/s to a's": 2.0,
        "p: CPU ms a reply to a's": 1.0,
        "p: CPU ms a reply to b's": 1.0,
    }
