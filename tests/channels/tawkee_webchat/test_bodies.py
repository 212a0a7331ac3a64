"""Whatever a stranger sends to the visitors' routes is answered in the documented shape, never by a fault of ours."""

import json
import os
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

import pytest
from hypothesis import HealthCheck, given, settings, strategies as st

from tawkee_core import Channel
from tawkee_core.models import new_id
from tawkee_core.testing.conformance.mutation import CONTENT_TYPES, ODD_BYTES, wrong_bodies
from tawkee_core.testing.conformance.parsing import JSON
from tawkee_core.testing.running import Running
from tawkee_webchat.access import Visitor, sign_visitor
from tests.api.routes import every_route

TIMES = 20 if os.environ.get("HYPOTHESIS_PROFILE") == "long" else 1
FUZZ = settings(max_examples=20 * TIMES, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
FILE = b"--x\r\nContent-Disposition: form-data; name="
UPLOAD = (
    FILE + b'"client_id"\r\n\r\nc-1\r\n' + FILE + b'"text"\r\n\r\noi\r\n'
    + FILE + b'"file"; filename="a.txt"\r\nContent-Type: text/plain\r\n\r\nwords\r\n--x--\r\n'
)  # fmt: skip
BODIES = {
    "sessions": (b'{"name": "Ana"}', "application/json"),
    "messages": (b'{"client_id": "c-1", "text": "oi"}', "application/json"),
    "uploads": (UPLOAD, "multipart/form-data; boundary=x"),
}


@dataclass(frozen=True)
class Chat:
    """A web chat's routes, as they are called."""

    running: Running
    channel: Channel

    def headers(self) -> dict[str, str]:
        """Those of a new visitor, who has not written too much yet."""
        with self.running.app.app_context():
            return {"Authorization": f"Bearer {sign_visitor(self.channel, Visitor(new_id().replace('-', '')[:22]))}"}

    def send(self, method: str, path: str, **how: Any) -> int:
        """Call a route of this chat; the status of its answer, whose shape was looked at."""
        answer = self.running.client.open(path, method=method, **how)
        told = f"{method} {path[:200]} {how} was answered {answer.status_code}"
        assert answer.status_code < 500, told
        if answer.status_code >= 400:
            assert isinstance(answer.json, dict) and {"code", "status", "message", "error"} <= set(answer.json), told
            assert answer.json["code"] == answer.status_code, told
        status: int = answer.status_code
        answer.close()
        return status

    def post(self, what: str, body: bytes, content_type: str) -> int:
        place = f"/chat/{self.channel.id}/{what.replace('uploads', 'messages')}"
        return self.send("POST", place, data=body, content_type=content_type, headers=self.headers())


@pytest.fixture
def chat(tawkee: Running) -> Chat:
    return Chat(tawkee, tawkee.add_channel(tawkee.add_company(), "webchat", {}))


@pytest.mark.filterwarnings("ignore:.*SpooledTemporaryFile")  # Werkzeug leaves the file of a cut form to be collected
@pytest.mark.parametrize("what", BODIES)
def test_bodies_made_wrong_are_answered(chat: Chat, what: str) -> None:
    body, content_type = BODIES[what]
    assert chat.post(what, body, content_type) == 201
    for wrong in wrong_bodies(body, 60 * TIMES):
        chat.post(what, wrong, content_type)
    for other in CONTENT_TYPES:
        chat.post(what, body, other)


@pytest.mark.parametrize("what", ["sessions", "messages"])
def test_any_body_is_answered(chat: Chat, what: str) -> None:
    @FUZZ
    @given(JSON, st.binary(max_size=100), st.sampled_from(("client_id", "text", "name", "file")), JSON)
    def post_anything(anything: Any, piece: bytes, name: str, value: Any) -> None:
        good = {"client_id": new_id(), "text": "oi", "name": "Ana"}
        for body in (json.dumps(anything).encode(), piece, json.dumps(good | {name: value}).encode()):
            chat.post(what, body, "application/json")

    post_anything()


@pytest.mark.parametrize("odd", ODD_BYTES, ids=lambda odd: repr(odd[:12]))
def test_any_place_and_token_is_answered(chat: Chat, odd: bytes) -> None:
    """In the path, in the query, in the headers, of every route."""
    text, place = odd[:3000].decode("latin-1").replace("\n", " "), f"/chat/{chat.channel.id}"
    for route in every_route(chat.running.app, channel_id="CHANNEL"):
        if route.path.startswith("/chat/") and odd not in (b"", b" "):
            chat.send(route.method, route.path.replace("CHANNEL", quote(odd[:3000], safe="")))
    for name in ("after", "before", "lang", "x"):
        chat.send("GET", f"{place}/messages?{name}={quote(odd[:3000])}", headers=chat.headers())
        chat.send("GET", f"{place}?{name}={quote(odd[:3000])}")
    for token in (text, f"Bearer {text}", f"Bearer {text}.{text}.{text}"):
        for method, what in (("GET", "messages"), ("POST", "messages"), ("POST", "sessions"), ("GET", "events")):
            status = chat.send(
                method, f"{place}/{what}", headers={"Authorization": token, "Origin": text, "Last-Event-ID": text}
            )
            assert status in (400, 401, 403, 415, 422) or (what == "sessions" and not token)
