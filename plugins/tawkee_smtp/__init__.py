"""Mails through any SMTP server."""

from tawkee_core import Mail, Settings, hookimpl

from .api import send_mail


@hookimpl
def mail_send(settings: Settings, mail: Mail) -> str:
    return send_mail(settings.mail_url, mail)
