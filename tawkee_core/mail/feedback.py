"""What a provider tells of mails it took: an address that bounced or complained is marked, and gets no more."""

import structlog

from .. import metrics
from ..db import transaction
from ..office_types import MailEvent

FIND = """
select id, lower(recipient) as email from mail
where (provider_id = %(provider_id)s or id::text = %(mail_id)s) and lower(recipient) = %(address)s
"""
BLOCK = """
insert into mail_block (email, reason, detail) values (%s, %s, %s)
on conflict (email) do update set reason = excluded.reason, detail = excluded.detail
where mail_block.reason <> 'complained'
"""
FAILED = "update mail set state = 'failed', sealed = '', error = %s, done_at = now() where id = %s"
BLOCKING = ("bounced", "complained")
log = structlog.get_logger()


def apply_event(event: MailEvent) -> bool:
    """Keep one event; whether it was about a mail of ours. The same event again changes nothing."""
    place = {"provider_id": event.id, "mail_id": event.mail_id, "address": event.address.lower()}
    with transaction() as cursor:
        cursor.execute(FIND, place)
        row = cursor.fetchone()
        if row is None:
            return False
        mail_id, email = row
        if event.kind != "delivered":
            cursor.execute(FAILED, (f"{event.kind}: {event.detail}"[:500], mail_id))
        if event.kind in BLOCKING:
            cursor.execute(BLOCK, (email, event.kind, event.detail[:500]))
    metrics.MAILS.labels(event.kind).inc()
    log.info("mail_event", mail_id=mail_id, kind=event.kind)
    return True
