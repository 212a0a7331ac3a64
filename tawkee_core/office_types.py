"""What crosses between the core and the plugins that run the office: mails now."""

from dataclasses import dataclass
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import formatdate, parseaddr
from typing import Literal


@dataclass(frozen=True, slots=True)
class Mail:
    """A mail on its way to one address. `id` stays the same through every try; `sender` is `name <address>`."""

    id: str
    sender: str
    to: str
    subject: str
    text: str
    html: str
    reply_to: str = ""

    def to_mime(self) -> EmailMessage:
        """The mail as programs exchange it; a second copy has the same Message-ID, so that a mailbox may know it."""
        message = EmailMessage(policy=SMTP)
        message["From"] = self.sender
        message["To"] = ascii_domain(self.to)
        message["Subject"] = self.subject
        message["Date"] = formatdate(usegmt=True)
        message["Message-ID"] = f"<{self.id}@{parseaddr(self.sender)[1].rpartition('@')[2] or 'localhost'}>"
        message["Auto-Submitted"] = "auto-generated"
        if self.reply_to:
            message["Reply-To"] = self.reply_to
        message.set_content(self.text)
        message.add_alternative(self.html, subtype="html")
        return message


def ascii_domain(address: str) -> str:
    """The address with its domain as the mail system knows it: `exämple.com` is `xn--exmple-cua.com` there."""
    local, _, domain = address.rpartition("@")
    try:
        return f"{local}@{domain.encode('idna').decode()}"
    except UnicodeError:
        return address


@dataclass(frozen=True, slots=True)
class MailEvent:
    """What became of a mail, known by its provider's `id` or by ours, `mail_id`, where the provider returns it. An
    address that `bounced` for good or `complained` gets no more mails."""

    kind: Literal["delivered", "bounced", "complained", "failed"]
    id: str
    address: str
    mail_id: str = ""
    detail: str = ""
