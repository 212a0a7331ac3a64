"""What visitors write and read, and who may."""

from concurrent.futures import ThreadPoolExecutor

import jwt
import pytest
import requests

from tawkee_core.db import run
from tests.channels.tawkee_webchat.site import Site, Visitor, wait_until

PNG = (
    b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR\x00\x00\x00\x01\x00\x00\x00\x01\x08\x06\x00\x00\x00\x1f\x15\xc4\x89"
    b"\x00\x00\x00\rIDATx\x9cc\xf8\xff\xff?\x00\x05\xfe\x02\xfe\xdc\xccY\xe7\x00\x00\x00\x00IEND\xaeB`\x82"
)
JSON = "application/json"


def upload(visitor: Visitor, name: str, data: bytes, mimetype: str, text: str = "") -> requests.Response:
    return visitor.post(data={"client_id": "file-1", "text": text}, files={"file": (name, data, mimetype)})


def test_a_message_is_kept_and_answered(visitor: Visitor) -> None:
    made = visitor.say("oi")
    assert made.status_code == 201
    assert made.json().items() >= {"direction": "in", "author": "contact", "kind": "text", "text": "oi"}.items()
    wait_until(lambda: visitor.texts() == ["oi", "echo: oi"])
    answer = visitor.read(after=made.json()["id"])["messages"][0]
    assert (answer["direction"], answer["author"]) == ("out", "agent")


def test_the_same_client_id_is_one_message_and_one_answer(visitor: Visitor) -> None:
    first, again = visitor.say("oi", "same"), visitor.say("oi", "same")
    assert first.json()["id"] == again.json()["id"]
    wait_until(lambda: len(visitor.texts()) == 2)
    visitor.say("fim", "other")
    wait_until(lambda: visitor.texts() == ["oi", "echo: oi", "fim", "echo: fim"])


def test_another_visitors_client_id_is_another_message(visitor: Visitor) -> None:
    other = Visitor(visitor.chat)
    assert visitor.say("meu", "1").json()["id"] != other.say("outro", "1").json()["id"]
    assert "meu" not in other.texts()


def test_a_session_is_renewed_and_knows_its_chat(visitor: Visitor) -> None:
    visitor.say("oi")
    answer = requests.post(f"{visitor.chat}/sessions", json={}, headers=visitor.headers, timeout=30)
    assert answer.status_code == 201
    assert answer.json()["chat_id"]
    visitor.headers = {"Authorization": f"Bearer {answer.json()['visitor_token']}"}
    assert visitor.texts()[0] == "oi"


def test_a_name_given_is_the_contacts(site: Site) -> None:
    channel = site.add_chat()
    chat = site.chat_url(channel)
    token = requests.post(f"{chat}/sessions", json={"name": "Ana"}, timeout=30).json()["visitor_token"]
    visitor = Visitor(chat)
    visitor.headers = {"Authorization": f"Bearer {token}"}
    visitor.say("oi")
    (row,) = run(
        "select k.name from contact k join chat c on c.contact_id = k.id where c.channel_id = %s", (channel.id,)
    )
    assert row.name == "Ana"


@pytest.mark.parametrize("token", ["", "Bearer", "Bearer x.y.z", "Basic eDp5", "Bearer " + "a" * 5000])
def test_no_token_or_a_wrong_one_is_refused(visitor: Visitor, token: str) -> None:
    for method, path in (("GET", "messages"), ("POST", "messages"), ("GET", "events")):
        answer = requests.request(method, f"{visitor.chat}/{path}", headers={"Authorization": token}, timeout=30)
        assert (answer.status_code, answer.json()["code"]) == (401, 401)


def test_a_token_of_another_channel_or_audience_or_time_is_refused(site: Site, visitor: Visitor) -> None:
    claims = jwt.decode(visitor.headers["Authorization"][7:], options={"verify_signature": False})
    key = site.running.tawkee.settings.secret_key
    forged = [
        Visitor(site.chat_url(site.add_chat())).headers["Authorization"],
        "Bearer " + jwt.encode(claims | {"aud": "access"}, key),
        "Bearer " + jwt.encode(claims | {"exp": 1}, key),
        "Bearer " + jwt.encode(claims, "another key of at least 32 characters"),
    ]
    for token in forged:
        visitor.headers = {"Authorization": token}
        assert visitor.say("oi").status_code == 401


def test_an_unknown_channel_is_not_found(site: Site, visitor: Visitor) -> None:
    for chat in (f"{site.url}/chat/nothing", f"{site.url}/chat/00000000-0000-7000-8000-000000000000"):
        for path in ("", "/widget.js", "/messages", "/events"):
            assert requests.get(chat + path, headers=visitor.headers, timeout=30).status_code == 404


@pytest.mark.parametrize(
    "body",
    [
        b"", b"{", b"[]", b"null", b'"x"', b'{"text":"oi"}', b'{"client_id":"","text":"oi"}',
        b'{"client_id":7,"text":"oi"}', b'{"client_id":"a b","text":"oi"}', b'{"client_id":"1"}',
        b'{"client_id":"1","text":""}', b'{"client_id":"1","text":"   "}', b'{"client_id":"1","text":["oi"]}',
        b'{"client_id":"1","text":1e999}', b'{"client_id":"1","text":"' + b"x" * 4097 + b'"}', b"\xff\xfe",
        b'{"client_id":"' + b"x" * 65 + b'","text":"oi"}', b"[" * 100_000,
    ],
)  # fmt: skip
def test_bad_bodies_are_told_so(visitor: Visitor, body: bytes) -> None:
    answer = visitor.post(JSON, data=body)
    assert answer.status_code in (400, 413, 422)
    assert answer.json()["error"] != "internal_error"
    assert visitor.texts() == []


def test_texts_that_postgresql_cannot_keep_are_cleaned(visitor: Visitor) -> None:
    answer = visitor.post(JSON, data=b'{"client_id":"1","text":"a\\u0000b\\ud800c"}')
    assert (answer.status_code, answer.json()["text"]) == (201, "ab?c")


def test_a_huge_body_is_refused(visitor: Visitor) -> None:
    answer = visitor.post(JSON, data=b'{"client_id":"1","text":"' + b"x" * 200_000 + b'"}')
    assert (answer.status_code, answer.json()["error"]) == (413, "too_large")


def test_pages_go_back_and_forth(visitor: Visitor) -> None:
    ids = [visitor.say(str(number), str(number)).json()["id"] for number in range(3)]
    wait_until(lambda: visitor.texts()[-1].startswith("echo:"))
    assert [m["text"] for m in visitor.read(before=ids[2])["messages"] if m["direction"] == "in"] == ["0", "1"]
    assert [m["text"] for m in visitor.read(after=ids[1])["messages"] if m["direction"] == "in"] == ["2"]


def test_a_flood_is_stopped_and_a_repeat_is_none(visitor: Visitor) -> None:
    answers = [visitor.say("oi", str(number)) for number in range(31)]
    assert [answer.status_code for answer in answers] == [201] * 30 + [429]
    assert answers[-1].json()["error"] == "visitor_flood"
    assert visitor.say("oi", "3").json()["id"] == answers[3].json()["id"]


def test_an_image_is_kept_and_shown(visitor: Visitor) -> None:
    made = upload(visitor, "../../etc/fo\u202eto.png", PNG, "image/png", "veja")
    assert made.status_code == 201, made.text
    message = made.json()
    assert (message["kind"], message["text"]) == ("image", "veja")
    assert message["media"].items() >= {"mimetype": "image/png", "size": len(PNG), "filename": "foto.png"}.items()
    shown = requests.get(message["media"]["url"], timeout=30)
    assert (shown.content, shown.headers["Content-Type"]) == (PNG, "image/png")
    assert shown.headers["X-Content-Type-Options"] == "nosniff"


@pytest.mark.parametrize(
    ("data", "mimetype", "status", "slug"),
    [
        (b"<!doctype html><script>1</script>", "text/html", 422, "file_type_unsupported"),
        (b"<svg onload='1'>", "image/svg+xml", 422, "file_type_unsupported"),
        (b"MZ\x90\x00\x03", "application/octet-stream", 422, "file_type_unsupported"),
        (b"GIF89a...", "image/png", 422, "file_type_mismatch"),
        (PNG, "application/pdf", 422, "file_type_mismatch"),
        (b"", "image/png", 422, "file_empty"),
        (PNG + b"\0" * (16 * 1024 * 1024), "image/png", 413, "file_too_large"),
        (PNG + b"\0" * (17 * 1024 * 1024), "image/png", 413, "too_large"),
    ],
)
def test_files_that_are_not_taken(visitor: Visitor, data: bytes, mimetype: str, status: int, slug: str) -> None:
    answer = upload(visitor, "file", data, mimetype)
    assert (answer.status_code, answer.json()["error"]) == (status, slug)
    assert visitor.texts() == []


def test_what_was_not_said_is_not_shown(site: Site, visitor: Visitor) -> None:
    visitor.say("oi")
    wait_until(lambda: len(visitor.texts()) == 2)
    run("update message set status = 'queued' where channel_id = %s and direction = 'out'", (visitor.chat[-36:],))
    page = visitor.read()
    assert [message["text"] for message in page["messages"]] == ["oi"]
    assert page["cursor"] == 1


def test_the_same_message_sent_at_once_many_times_is_one(visitor: Visitor) -> None:
    with ThreadPoolExecutor(8) as threads:
        answers = list(threads.map(lambda _: visitor.say("oi", "same"), range(8)))
    assert {answer.status_code for answer in answers} == {201}
    assert len({answer.json()["id"] for answer in answers}) == 1
    wait_until(lambda: visitor.texts() == ["oi", "echo: oi"])


def test_a_session_needs_no_body(visitor: Visitor) -> None:
    answer = requests.post(f"{visitor.chat}/sessions", timeout=30)
    assert answer.status_code == 201


@pytest.mark.parametrize("mark", ["\0", "nothing", "0" * 100])
@pytest.mark.parametrize("name", ["after", "before"])
def test_a_place_that_cannot_be_one_is_refused(visitor: Visitor, name: str, mark: str) -> None:
    visitor.say("oi")
    answer = requests.get(f"{visitor.chat}/messages", headers=visitor.headers, params={name: mark}, timeout=30)
    assert (answer.status_code, answer.json()["error"]) == (422, "bad_input")


def test_a_body_that_does_not_say_that_it_is_json_is_refused(visitor: Visitor) -> None:
    answer = visitor.post(data=b'{"client_id": "1", "text": "oi"}')
    assert (answer.status_code, answer.json()["error"]) == (415, "unsupported_media_type")
    assert visitor.texts() == []
