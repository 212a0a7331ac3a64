"""What recorded answers of a real Evolution server mean to the channel, where the recordings are."""

import json
from pathlib import Path
from typing import Any

import pytest

from tawkee_core import AuthLost, BadInput, Conflict, NotFound, NotSent, Refused
from tawkee_core.safe_http import Answer
from tawkee_evolution.failures import send_error, setup_error
from tawkee_evolution.setup import read_link

RECORDED = Path(__file__).parents[3] / "shared" / "payloads" / "evolution_api"
pytestmark = pytest.mark.skipif(
    not RECORDED.is_dir(), reason="recorded answers are not part of the project (../shared/payloads)"
)
SENDS = {
    "send_media_error_dataurl": Refused,
    "send_media_error_localhost_url": Refused,
    "send_media_error_no_filename": Refused,
    "send_text_error_missing_text": Refused,
    "send_text_error_v1_body": Refused,
    "send_text_error_not_on_whatsapp": Refused,
    "send_presence_error_options_shape": Refused,
    "mark_read_error_wrong_key": Refused,
    "get_base64_not_found": Refused,
    "connection_state_404": AuthLost,
    "webhook_set_error_events_missing_500": NotSent,
}
SETUPS = {
    "connection_state_404": NotFound,
    "instance_create_error_name_in_use": Conflict,
    "instance_create_error_no_integration": BadInput,
    "logout_error_not_connected": BadInput,
    "webhook_set_error_bad_event_name": BadInput,
}


def read(name: str) -> tuple[Answer, dict[str, Any]]:
    recorded = json.loads((RECORDED / f"{name}.json").read_text())
    return Answer(recorded["status"], {}, json.dumps(recorded["response"]).encode()), recorded


@pytest.mark.parametrize("name", SENDS)
def test_what_an_answer_says_of_a_message(name: str) -> None:
    assert type(send_error(read(name)[0])) is SENDS[name]


@pytest.mark.parametrize("name", SETUPS)
def test_what_an_answer_says_of_the_set_up(name: str) -> None:
    assert type(setup_error(read(name)[0])) is SETUPS[name]


def test_reads_codes_and_states() -> None:
    scan = read_link(read("instance_connect_qr")[1]["response"])
    assert scan.state == "connecting" and scan.qr and scan.qr.image.startswith("data:image/png;base64,")
    assert read_link(read("instance_connect_when_open")[1]["response"]).state == "connected"
    assert read_link({"count": 0}).state == "connecting"
    assert read_link({"error": True, "message": "x"}).state == "failed"


def test_every_successful_send_names_its_message() -> None:
    names = [path.stem for path in RECORDED.glob("send_*_ok.json") if "presence" not in path.stem]
    assert len(names) >= 4
    for name in names:
        answer, _ = read(name)
        assert answer.status == 201 and answer.read_json()["key"]["id"].startswith("3EB0"), name
