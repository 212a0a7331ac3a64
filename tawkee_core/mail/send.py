"""Sending what is queued. A mail may arrive twice after a crash, and is never lost: that does less harm than none."""

from typing import Any

import structlog

from .. import metrics
from ..context import Tawkee
from ..db import run
from ..errors import AuthLost, RateLimited, Refused, TawkeeError
from ..office_types import Mail
from ..security import unseal
from .folder import write_mail
from .queue import seal_context

MOST_TRIES = 12
LEASE_SECONDS = 120
KEEP_DAYS = 30
CLAIM = """
with due as (
    select id from mail where state = 'queued' and next_at <= now() order by next_at limit %(count)s
    for update skip locked
)
update mail m set attempts = m.attempts + 1, next_at = now() + make_interval(secs => %(lease)s)
from due where m.id = due.id
returning m.id, m.recipient, m.template, m.sealed, m.attempts, m.expires_at < now() as expired
"""
SENT = """
update mail set state = 'sent', sealed = '', error = '', sender = %(sender)s, provider_id = %(provider_id)s,
    done_at = now() where id = %(id)s and state = 'queued'
"""
FAILED = "update mail set state = 'failed', sealed = '', error = %s, done_at = now() where id = %s and state = 'queued'"
AGAIN = """
update mail set error = %(error)s, attempts = attempts - %(uncounted)s,
    next_at = now() + make_interval(secs => coalesce(%(pause)s, least(5 * 2 ^ attempts, 3600)))
where id = %(id)s and state = 'queued'
"""
PURGE = """
delete from mail where id in (
    select id from mail where done_at < now() - make_interval(days => %s) limit 1000)
"""
log = structlog.get_logger()


def claim_mails(count: int) -> list[Any]:
    """Take up to `count` mails that wait to be sent."""
    return run(CLAIM, {"count": count, "lease": LEASE_SECONDS})


def deliver_mail(tawkee: Tawkee, row: Any) -> None:
    """Send one claimed mail, and write down what became of it."""
    if row.expired:
        fail_mail(row, "it was of no use any more")
        return
    try:
        provider_id = hand_over(tawkee, row)
    except RateLimited as error:
        try_again(row, error, pause=error.retry_after)
    except Refused as error:
        fail_mail(row, str(error))
    except TawkeeError as error:
        if isinstance(error, AuthLost):
            log.error("mail_credentials_lost", mail_id=row.id, reason=str(error))
        try_again(row, error)
    except Exception as error:  # a plugin's fault counts like any other failure
        log.exception("mail_crashed", mail_id=row.id)
        try_again(row, error)
    else:
        sender = tawkee.settings.mail
        run(SENT, {"id": row.id, "provider_id": provider_id, "sender": sender})
        metrics.MAILS.labels("sent").inc()
        log.info("mail_sent", mail_id=row.id, template=row.template, provider_message_id=provider_id)


def hand_over(tawkee: Tawkee, row: Any) -> str | None:
    settings = tawkee.settings
    words = unseal(settings, seal_context(row.id), row.sealed)
    mail = Mail(row.id, settings.mail_from, row.recipient, reply_to=settings.mail_reply_to, **words)
    if not settings.mail:
        return write_mail(settings, mail)
    return tawkee.plugins.mail(settings).mail_send(settings=settings, mail=mail)


def try_again(row: Any, error: Exception, pause: float | None = None) -> None:
    """Later, unless it was tried too often; being asked for patience counts as no try."""
    slug = getattr(error, "slug", type(error).__name__)
    if pause is None and row.attempts >= MOST_TRIES:
        fail_mail(row, f"{slug}: {error}")
        return
    log.warning("mail_waits", mail_id=row.id, template=row.template, error=slug, detail=str(error)[:300])
    told = {"id": row.id, "error": f"{slug}: {error}"[:500], "pause": pause, "uncounted": int(pause is not None)}
    run(AGAIN, told)


def fail_mail(row: Any, reason: str) -> None:
    run(FAILED, (reason[:500], row.id))
    metrics.MAILS.labels("failed").inc()
    log.error("mail_failed", mail_id=row.id, template=row.template, reason=reason[:300])


def purge_mails() -> None:
    """Forget what was sent a month ago."""
    run(PURGE, (KEEP_DAYS,))
