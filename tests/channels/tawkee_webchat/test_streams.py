"""Event streams: live, resumed, many, and never in anybody's way."""

import socket
import threading
import time
from concurrent.futures import ThreadPoolExecutor

import pytest
import requests

from tawkee_core.conversation.compose import write_message
from tawkee_core.conversation.handover import hand_back, take_over
from tawkee_core.db import run
from tests.channels.tawkee_webchat.site import Site, Visitor, wait_until

THREADS = 16  # of both web processes together


def test_question_and_answer_arrive_live(visitor: Visitor) -> None:
    events = visitor.watch()
    assert events.take("owner")[1] == {"owner": "ai", "waiting": False}
    visitor.say("oi")
    assert events.take("message")[1]["text"] == "oi"
    assert events.take("message")[1]["text"] == "echo: oi"
    events.close()


def test_a_stream_goes_on_where_the_last_one_ended(visitor: Visitor) -> None:
    events = visitor.watch()
    visitor.say("um", "1")
    place, message = events.take("message")
    assert message["text"] == "um"
    events.close()
    visitor.say("dois", "2")
    wait_until(lambda: visitor.texts()[-1].startswith("echo:") and "dois" in visitor.texts())
    missed = visitor.watch(int(place))
    said = [message["text"] for message in visitor.read()["messages"] if message["text"] != "um"]
    assert [missed.take("message")[1]["text"] for _ in said] == said
    missed.close()


def test_a_message_that_waited_behind_a_later_one_is_not_missed(site: Site, visitor: Visitor) -> None:
    visitor.say("oi")
    wait_until(lambda: len(visitor.texts()) == 2)
    channel_id = visitor.chat[-36:]
    run("update message set status = 'queued' where channel_id = %s and seq = 2", (channel_id,))
    run("update chat set owner = 'human' where channel_id = %s", (channel_id,))
    events = visitor.watch(1)
    visitor.say("mais", "2")
    place, message = events.take("message")
    assert (place, message["text"]) == ("1", "mais")
    events.close()
    run("update message set status = 'sent' where channel_id = %s and seq = 2", (channel_id,))
    events = visitor.watch(int(place))
    assert [events.take("message")[1]["text"] for _ in range(2)] == ["echo: oi", "mais"]
    events.close()


def test_more_than_a_page_missed_is_told(visitor: Visitor) -> None:
    visitor.say("oi")
    chat = "select id from chat where channel_id = %s"
    run(
        "insert into message (id, workspace_id, chat_id, channel_id, seq, direction, author, kind, text, status)"
        " select gen_random_uuid(), workspace_id, chat_id, channel_id, n, 'in', 'contact', 'text', n::text, 'received'"
        f" from message, generate_series(100, 160) n where chat_id = ({chat}) and seq = 1",
        (visitor.chat[-36:],),
    )
    events = visitor.watch(1)
    assert events.take("reload")[1] == {}
    assert events.take("message")[1]["text"] == "111"
    events.close()


def test_typing_is_shown_while_the_model_thinks(site: Site, visitor: Visitor) -> None:
    site.model.gate = threading.Event()
    try:
        events = visitor.watch()
        visitor.say("oi")
        assert events.take("typing")[1]["seconds"] > 0
    finally:
        site.model.gate.set()
        site.model.gate = None
    said = events.take("message")[1]["text"]
    if said == "oi":  # the visitor's own words may be shown after the agent began to type
        said = events.take("message")[1]["text"]
    assert said == "echo: oi"
    events.close()


def test_a_person_who_takes_over_is_announced(site: Site, visitor: Visitor) -> None:
    events = visitor.watch()
    visitor.say("oi")
    assert events.take("message")[1]["text"] == "oi"
    (chat,) = run("select id, workspace_id from chat where channel_id = %s", (visitor.chat[-36:],))
    with site.running.app.app_context():
        write_message(site.running.tawkee, chat.workspace_id, chat.id, site.company.user_id, "Sou a Rita.")
    assert events.take("owner")[1] == {"owner": "human", "waiting": False}
    assert visitor.read()["owner"] == "human"
    wait_until(lambda: visitor.read()["messages"][-1]["author"] == "person")
    events.close()


def test_a_change_of_hands_is_told_without_a_word_said(site: Site, visitor: Visitor) -> None:
    visitor.say("oi")
    wait_until(lambda: len(visitor.texts()) == 2)
    events = visitor.watch()
    assert events.take("owner")[1]["owner"] == "ai"
    (chat,) = run("select id, workspace_id from chat where channel_id = %s", (visitor.chat[-36:],))
    take_over(site.running.tawkee, chat.workspace_id, chat.id, site.company.user_id)
    assert events.take("owner")[1]["owner"] == "human"
    hand_back(site.running.tawkee, chat.workspace_id, chat.id, site.company.user_id)
    assert events.take("owner")[1]["owner"] == "ai"
    events.close()


def test_a_visitor_has_at_most_four_streams_in_a_process(visitor: Visitor) -> None:
    opened = [visitor.watch() for _ in range(9)]
    codes = sorted(events.answer.status_code for events in opened)
    assert codes.count(200) <= 8
    assert codes[-1] == 429
    refused = next(events.answer for events in opened if events.answer.status_code == 429)
    assert refused.json()["error"] == "too_many_streams"
    for events in opened:
        events.close()
    wait_until(lambda: visitor.watch().answer.status_code == 200)


def test_open_streams_hold_no_thread(site: Site) -> None:
    chat = site.chat_url(site.add_chat())
    streams = [visitor.watch() for visitor in [Visitor(chat) for _ in range(THREADS)] for _ in range(3)]
    assert {events.answer.status_code for events in streams} == {200}
    with ThreadPoolExecutor(8) as threads:
        answers = list(threads.map(lambda _: requests.get(f"{site.url}/chat/nothing", timeout=10), range(32)))
    assert {answer.status_code for answer in answers} == {404}
    for events in streams:
        events.close()


def test_an_http_1_0_reader_gets_a_stream_without_chunks(site: Site, visitor: Visitor) -> None:
    host, port = "127.0.0.1", site.port
    path = visitor.chat.removeprefix(site.url)
    with socket.create_connection((host, port), timeout=30) as peer:
        head = f"GET {path}/events HTTP/1.0\r\nAuthorization: {visitor.headers['Authorization']}\r\n\r\n"
        peer.sendall(head.encode())
        received = b""
        while not received.endswith(b"}\n\n"):
            received += peer.recv(4096)
    assert b"chunked" not in received
    assert b"\r\n\r\nretry: 2000\n\nevent: owner\ndata: {" in received


def test_a_closed_channel_closes_its_streams(visitor: Visitor) -> None:
    events = visitor.watch()
    events.take("owner")
    run("update channel set deleted_at = now() where id = %s", (visitor.chat[-36:],))
    other = visitor.watch()
    assert other.answer.status_code == 404
    events.close()


@pytest.mark.parametrize("kill", [False, True])
def test_streams_end_with_the_server_and_resume_with_the_next(site: Site, visitor: Visitor, kill: bool) -> None:
    events = visitor.watch()
    visitor.say("antes", f"before-{kill}")
    place, _ = events.take("message")
    started = time.monotonic()
    site.stop(kill)
    with pytest.raises((AssertionError, requests.exceptions.ChunkedEncodingError, requests.ConnectionError)):
        events.take("never")
    assert time.monotonic() - started < 15
    site.start()
    resumed = visitor.watch(int(place))
    assert resumed.take("message")[1]["text"] == "echo: antes"
    resumed.close()
