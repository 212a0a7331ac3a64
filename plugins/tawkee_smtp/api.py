"""SMTP by Python's own client: TLS unless it is switched off, one deadline a step, and what failures mean."""

import smtplib
import ssl
from typing import NamedTuple
from urllib.parse import parse_qs, unquote, urlsplit

from tawkee_core import Ambiguous, AuthLost, Mail, NotSent, Refused, SendError

SECONDS = 20.0
PORTS = {"smtps": 465, "smtp": 587}


class Server(NamedTuple):
    """Where to send, as TAWKEE_MAIL_URL says."""

    host: str
    port: int
    user: str
    password: str
    tls: str


def read_server(url: str) -> Server:
    """`smtps://user:password@host:465` (TLS from the start) or `smtp://…:587` (STARTTLS, required; `?tls=none` for a
    server of your own network). Raises AuthLost: mails wait until the setting is put right."""
    try:
        parts = urlsplit(url)
        host, port = parts.hostname or "", parts.port or PORTS.get(parts.scheme, 0)
    except ValueError as error:
        raise AuthLost("TAWKEE_MAIL_URL cannot be read.") from error
    if parts.scheme not in PORTS or not host:
        raise AuthLost("TAWKEE_MAIL_URL must be smtps://user:password@host or smtp://user:password@host.")
    plain = parse_qs(parts.query).get("tls") == ["none"]
    tls = "implicit" if parts.scheme == "smtps" else "none" if plain else "starttls"
    return Server(host, port, unquote(parts.username or ""), unquote(parts.password or ""), tls)


def send_mail(url: str, mail: Mail) -> str:
    """Hand a mail to the server; its Message-ID. Raises NotSent, Refused, Ambiguous, AuthLost."""
    server = read_server(url)
    message = mail.to_mime()
    try:
        client = open_client(server)
    except (OSError, smtplib.SMTPException) as error:
        raise read_failure(error) from error
    try:
        client.send_message(message)
    except smtplib.SMTPNotSupportedError as error:
        raise Refused("The mail server takes no address with such letters.") from error
    except (smtplib.SMTPServerDisconnected, TimeoutError) as error:
        raise Ambiguous(f"The mail server went silent: {error}") from error
    except (OSError, smtplib.SMTPException) as error:
        raise read_failure(error) from error
    finally:
        client.close()
    return str(message["Message-ID"])


def open_client(server: Server) -> smtplib.SMTP:
    """A connection that is encrypted and signed in."""
    context = ssl.create_default_context()
    client: smtplib.SMTP
    if server.tls == "implicit":
        client = smtplib.SMTP_SSL(server.host, server.port, timeout=SECONDS, context=context)
    else:
        client = smtplib.SMTP(server.host, server.port, timeout=SECONDS)
    try:
        if server.tls == "starttls":
            client.starttls(context=context)
        if server.user:
            client.login(server.user, server.password)
    except BaseException:
        client.close()
        raise
    return client


def read_failure(error: Exception) -> SendError:
    """What a failure before or at the hand-over means; 4xx may be tried again, 5xx not."""
    match error:
        case smtplib.SMTPAuthenticationError():
            return AuthLost(f"The mail server refused the credentials ({error.smtp_code}).")
        case smtplib.SMTPNotSupportedError():
            return AuthLost(f"The mail server offers no TLS or no sign-in: {error}")
        case smtplib.SMTPRecipientsRefused():
            code, reason = next(iter(error.recipients.values()))
            return judge_code(code, reason)
        case smtplib.SMTPResponseException():
            return judge_code(error.smtp_code, error.smtp_error)
    return NotSent(f"{type(error).__name__}: {error}"[:300])


def judge_code(code: int, reason: bytes | str) -> SendError:
    text = reason.decode("utf-8", "replace") if isinstance(reason, bytes) else reason
    return (Refused if 500 <= code < 600 else NotSent)(f"The mail server said {code} {text}"[:300])
