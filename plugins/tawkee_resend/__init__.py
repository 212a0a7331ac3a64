"""Mails through Resend's HTTP API; bounces and complaints come back by its signed webhook."""

from tawkee_core import Mail, MailEvent, Settings, hookimpl

from .api import post_mail
from .webhook import read_event, verify_webhook


@hookimpl
def mail_send(settings: Settings, mail: Mail) -> str:
    return post_mail(settings, mail)


@hookimpl
def mail_events(settings: Settings, headers: dict[str, str], body: bytes) -> list[MailEvent]:
    verify_webhook(settings.mail_webhook_secret, headers, body)
    return read_event(body)
