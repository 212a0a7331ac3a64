"""The API keeps to its own description: every operation of the OpenAPI document, called with what it allows and with
what it does not. No 5xx, every answer as described, wrong data refused.

HYPOTHESIS_PROFILE=long calls each of them many more times."""

from collections import Counter
from typing import Any

import pytest
from flask import Flask

from tawkee_core.testing.running import Running
from tests.api.walk import LONG, Walk

# what an owner's walk never sees go well, and why
ELSEWHERE = {
    "POST /api/auth/email/resend": "the walk has confirmed its address before",
    "POST /api/auth/2fa/verify": "asks for a token of a sign-in that is half done",
    "POST /api/auth/2fa/disable": "asks for a code that was not used yet",
    "POST /api/auth/2fa/recovery-codes": "asks for a code that was not used yet",
    "POST /api/invitations/{token}/confirm": "asks for the code of a mail",
    "POST /api/workspaces/{workspace_id}/leave": "the last owner stays",
    "POST /api/workspaces/{workspace_id}/channels/{channel_id}/authorize": "no channel here is connected by OAuth",
    "GET /api/workspaces/{workspace_id}/channels/{channel_id}/qr": "no channel here has a code",
    "GET /api/workspaces/{workspace_id}/channels/{channel_id}/templates": "no channel here has templates",
    "GET /api/workspaces/{workspace_id}/notifications/events": "does not end",
    "GET /chat/{channel_id}/events": "does not end",
}

# the only fields of an answer that may be missing
SOMETIMES = {
    "ErrorOutput": ["errors"],
    "LoginOutput": ["access_token", "expires_in", "mfa_token", "refresh_token", "token_type", "user", "workspace"],
    "MessageOutput": ["media"],
    **dict.fromkeys(("ConnectionOutput", "ChannelOutput", "HealthOutput"), ["qr"]),
}


@pytest.fixture(scope="module")
def tawkee_config(tawkee_config: dict[str, Any]) -> dict[str, Any]:
    """Whoever walks calls often: no limit by address may stand before what is behind it."""
    return tawkee_config | {"rate_sign_in": "", "rate_visitors": "", "rate_api": ""}


@pytest.mark.timeout(7200 if LONG else 400)
def test_every_operation_keeps_its_word(tawkee: Running) -> None:
    walk = Walk(tawkee)
    walk.schema.validate()
    try:
        for operation in walk.operations:
            walk.walk(operation)
    finally:
        walk.ground.leave()
    print(f"{walk.cases} cases, {walk.grounds} grounds")
    for label, statuses in walk.seen.items():
        print(label, dict(sorted(statuses.items())))
    told = "\n\n".join(f"{label}\n{failure}" for label, failure in walk.failures.items())
    assert not walk.failures, f"{len(walk.failures)} operations break their word:\n\n{told}"
    assert len(walk.operations) > 100
    well = {label for label, statuses in walk.seen.items() if any(status < 300 for status in statuses)}
    assert {operation.label for operation in walk.operations} - well <= set(ELSEWHERE)
    every: Counter[int] = sum(walk.seen.values(), Counter())
    assert every[429] < walk.cases / 20, "a limit stands before what was to be seen"


def test_answers_say_what_is_always_there(app: Flask) -> None:
    """Clients made from the document need not ask for each field whether it is there."""
    schemas = app.test_client().get("/api/openapi.json").get_json()["components"]["schemas"]
    left = {name: {*s["properties"]} - {*s.get("required", ())} for name, s in schemas.items() if "Output" in name}
    assert {name: sorted(fields) for name, fields in left.items() if fields} == SOMETIMES
