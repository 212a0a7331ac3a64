"""Putting a mail into the queue, within the transaction that it tells of: both are committed or neither."""

from typing import Any

import structlog

from ..db import Cursor, run
from ..models import new_id
from ..security import seal
from ..settings import Settings
from .kinds import KINDS
from .render import Language, render_mail

LOOK = """
select (select count(*) from mail where lower(recipient) = %(email)s and template = %(template)s
        and created_at > now() - interval '1 hour') as recent,
    (select reason from mail_block where email = %(email)s) as blocked
"""
ADD = """
insert into mail (id, recipient, template, language, sealed, expires_at, state, error, done_at)
values (%(id)s, %(to)s, %(template)s, %(language)s, %(sealed)s, now() + make_interval(secs => %(seconds)s),
    case when %(blocked)s::text is null then 'queued' else 'failed' end, coalesce('address ' || %(blocked)s::text, ''),
    case when %(blocked)s::text is not null then now() end)
"""
BLOCKED = "select reason from mail_block where email = %s"
UNBLOCK_BOUNCED = "delete from mail_block where email = %s and reason = 'bounced'"
UNBLOCK = "delete from mail_block where email = %s returning email"
log = structlog.get_logger()


def queue_mail(
    cursor: Cursor, settings: Settings, to: str, template: str, language: Language, **values: Any
) -> str | None:
    """Have a mail sent after the caller's commit; its id, or None where the address got enough of them this hour.

    `template` is one of `KINDS`, `values` what it shows. The words are encrypted until they are sent, then forgotten.
    For an address that bounced or complained the mail is kept as failed."""
    kind = KINDS[template]
    rendered = render_mail(template, language, values)
    cursor.execute(LOOK, {"email": to.lower(), "template": template})
    known: Any = cursor.fetchone()
    if known.recent >= kind.hourly:
        log.warning("mail_not_queued", template=template, reason="enough of these this hour")
        return None
    mail_id = new_id()
    row = {"id": mail_id, "to": to, "template": template, "language": language, "seconds": kind.seconds}
    sealed = "" if known.blocked else seal(settings, seal_context(mail_id), rendered._asdict())
    cursor.execute(ADD, {**row, "sealed": sealed, "blocked": known.blocked})
    return mail_id


def seal_context(mail_id: str) -> str:
    return f"mail|{mail_id}"


def why_undeliverable(email: str) -> str | None:
    """`bounced` or `complained` for an address that gets no more mails, else None."""
    rows = run(BLOCKED, (email.lower(),))
    return rows[0].reason if rows else None


def unblock_bounced(cursor: Cursor, email: str) -> None:
    """Try an address again that bounced, since its person asks for it; one that complained stays blocked."""
    cursor.execute(UNBLOCK_BOUNCED, (email.lower(),))


def unblock_address(email: str) -> bool:
    """Let an address get mails again; whether it was blocked."""
    return bool(run(UNBLOCK, (email.lower(),)))
