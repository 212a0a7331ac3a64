"""What people find in their mailboxes, read before it is sent."""

import re
from typing import Any

from flask import Flask

from tawkee_core.accounts.requests import answer_request, claim_requests
from tawkee_core.db import run
from tawkee_core.mail.queue import seal_context
from tawkee_core.security import unseal

NEWEST = "select id, sealed, template from mail where recipient = %s and state = 'queued' order by id desc"


def write_letters(app: Flask, email: str) -> None:
    """Write the mails that were asked for this address, as a worker does."""
    run("update account_request set next_at = '-infinity' where email = %s", (email,))
    for row in claim_requests(1000):
        answer_request(app.extensions["tawkee"].settings, row)


def read_letters(app: Flask, email: str) -> list[tuple[str, str]]:
    """The mails that wait for an address, newest first: template and text."""
    write_letters(app, email)
    settings = app.extensions["tawkee"].settings
    rows: list[Any] = run(NEWEST, (email,))
    return [(row.template, unseal(settings, seal_context(row.id), row.sealed)["text"]) for row in rows]


def find_token(app: Flask, email: str, template: str) -> str:
    """The token in the newest of such mails."""
    text = next(text for kind, text in read_letters(app, email) if kind == template)
    found = re.search(r"token=([\w-]+)", text)
    assert found, text
    return found[1]
