"""What Meta's channels must not mistake: one person's trouble for the channel's, our own doing for a contact's, seconds
for milliseconds, one customer's name for another's."""

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import pytest

from tawkee_core import (
    Address,
    AuthLost,
    Channel,
    Contact,
    Deleted,
    Ignored,
    Message,
    RateLimited,
    Refused,
    SendError,
    Status,
    Watermark,
    safe_http,
)
from tawkee_meta.direct import parse, send
from tawkee_meta.whatsapp import parse as whatsapp
from tawkee_meta.whatsapp.content import read_content
from tests.fakes.graph_server import GraphServer

PERSON = Contact("p", "Rita", Address("psid", "77"))


@pytest.fixture
def server() -> Iterator[GraphServer]:
    safe_http.allow_hosts("127.0.0.0/8")
    with GraphServer() as server:
        yield server
    safe_http.allow_hosts("")


def make_channel(server: GraphServer | None = None) -> Channel:
    reach = {"token": server.token, "api_url": server.url} if server else {}
    values = {"app_secret": "s", "app_id": "15", "account_id": "2040", "phone_number_id": "1060", **reach}
    return Channel("c", "w", "a", "messenger", "Página", values, "https://example.com/webhooks/c/t", "verify-me")


def read(**item: Any) -> Any:
    (event,) = read_all(**item)
    return event


def read_all(**item: Any) -> list[Any]:
    base = {"sender": {"id": "77"}, "recipient": {"id": "2040"}, "timestamp": 1760000000000}
    body = json.dumps({"object": "page", "entry": [{"id": "2040", "messaging": [base | item]}]})
    return list(parse.parse_webhook(make_channel(), body.encode(), "page", "psid"))


@pytest.mark.parametrize("code", [4, 17, 32, 613, 80001, 80002, 80006, 80007])
def test_too_many_calls_of_any_kind_are_waited_out(server: GraphServer, code: int) -> None:
    server.fail_next(400, code, "too many calls")
    with pytest.raises(RateLimited):
        send.send_message(make_channel(server), PERSON, Message("m", "text", "oi"))


@pytest.mark.parametrize(
    ("late", "code", "error"),
    [(True, 10, Refused), (True, 200, Refused), (True, 190, AuthLost), (False, 10, AuthLost), (False, 200, AuthLost)],
)
def test_a_tag_that_the_app_may_not_use_stops_its_message_only(
    server: GraphServer, late: bool, code: int, error: type[SendError]
) -> None:
    server.fail_next(403, code, "To use 'Human Agent', your use of this endpoint must be reviewed and approved")
    message = Message("m", "text", "bom dia", author="person", late=late)
    with pytest.raises(error):
        send.send_message(make_channel(server), PERSON, message)


@pytest.mark.parametrize("stamp", [1760000000, "1760000000", 1760000000000, "1760000000000"])
def test_a_time_in_seconds_is_no_day_in_1970(stamp: Any) -> None:
    assert read(message={"mid": "m1", "text": "oi"}, timestamp=stamp).sent_at == datetime.fromtimestamp(1760000000, UTC)


def test_what_the_account_itself_does_makes_it_no_contact() -> None:
    ours = {"sender": {"id": "2040"}, "recipient": {"id": "77"}}
    assert isinstance(read(reaction={"mid": "m0", "action": "react", "emoji": "👍"}, **ours), Ignored)
    assert isinstance(read(message={"mid": "m1", "text": "nota para mim"}, **ours), Ignored)


def test_who_saw_a_message_saw_those_before_it() -> None:
    seen = Watermark("read", Address("psid", "77"), datetime.fromtimestamp(1760000000, UTC))
    assert read_all(read={"mid": "m1"}) == [Status("read", "m1"), seen]
    assert read_all(read={"mid": "m1"}, timestamp="soon") == [Status("read", "m1")]


def test_words_that_we_took_back_are_deleted_and_no_takeover() -> None:
    ours = {"sender": {"id": "2040"}, "recipient": {"id": "77"}}
    assert read(message={"mid": "m1", "is_echo": True, "is_deleted": True}, **ours) == Deleted("m1")


def test_customers_without_a_phone_keep_their_own_names_in_a_batch() -> None:
    people = [{"user_id": f"BR.{n}", "profile": {"name": name}} for n, name in enumerate(("Ana", "Bia"))]
    said = [
        {"id": f"w{n}", "from_user_id": f"BR.{n}", "timestamp": "1760000000", "type": "text", "text": {"body": "oi"}}
        for n in range(2)
    ]
    value = {"metadata": {"phone_number_id": "1060"}, "contacts": people, "messages": said}
    change = {"field": "messages", "value": value}
    body = {"object": "whatsapp_business_account", "entry": [{"id": "1", "changes": [change]}]}
    events: Any = whatsapp.parse_webhook(make_channel(), json.dumps(body).encode())
    assert [event.name for event in events] == ["Ana", "Bia"]


def test_a_groups_message_is_not_answered_in_private() -> None:
    said = {"id": "w1", "from": "5531988887777", "group_id": "g", "timestamp": "1760000000", "type": "text"}
    value = {"metadata": {"phone_number_id": "1060"}, "messages": [said | {"text": {"body": "oi, pessoal"}}]}
    body = {"object": "whatsapp_business_account", "entry": [{"changes": [{"field": "messages", "value": value}]}]}
    assert whatsapp.parse_webhook(make_channel(), json.dumps(body).encode()) == [Ignored("group message")]


def test_a_flows_chosen_fields_are_read_as_words() -> None:
    fields = {"tamanhos": ["P", "M"], "presente": True, "obs": None, "flow_token": "t"}
    flow = {"type": "nfm_reply", "nfm_reply": {"body": "Sent", "response_json": json.dumps(fields)}}
    said = read_content({"type": "interactive", "interactive": flow})
    assert said.text == "Sent\ntamanhos: P, M\npresente: sim\nobs:"
