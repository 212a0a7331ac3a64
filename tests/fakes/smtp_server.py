"""An SMTP server on loopback that takes mails in plain, asks for a password, and fails when told to.

with SmtpServer() as server:
    server.answers["RCPT"] = "550 no such mailbox"     # this command is answered so; "" closes the line instead
    ...                                                # TAWKEE_MAIL_URL=server.url
    server.mails[-1]["Subject"]"""

import base64
import socketserver
import threading
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default
from typing import Any, Self

USER, PASSWORD = "tawkee", "p@ss:word"
OK = "250 OK"


class SmtpServer:
    """Serves in threads from `with` to its end."""

    def __init__(self) -> None:
        self.answers: dict[str, str] = {}
        self.mails: list[EmailMessage] = []

    def __enter__(self) -> Self:
        receiver = type("Receiver", (Smtp,), {"fake": self})
        self.server = socketserver.ThreadingTCPServer(("127.0.0.1", 0), receiver)
        self.server.daemon_threads = True
        threading.Thread(target=self.server.serve_forever, args=(0.05,), daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self.server.shutdown()
        self.server.server_close()

    @property
    def port(self) -> int:
        return int(self.server.server_address[1])

    @property
    def url(self) -> str:
        return f"smtp://{USER}:p%40ss%3Aword@127.0.0.1:{self.port}?tls=none"


class Smtp(socketserver.StreamRequestHandler):
    """One connection, RFC 5321."""

    fake: Any

    def handle(self) -> None:
        self.say("220 loopback")
        while line := self.rfile.readline().decode().strip():
            if not self.obey(line.split()[0].upper(), line):
                return

    def say(self, line: str) -> None:
        self.wfile.write(f"{line}\r\n".encode())

    def obey(self, command: str, line: str) -> bool:
        answer = self.fake.answers.get(command, OK)
        if command == "EHLO":
            answer = "250-loopback\r\n250-AUTH PLAIN\r\n250 8BITMIME"
        elif command == "AUTH" and command not in self.fake.answers:
            given = base64.b64decode(line.split()[2]).decode()
            answer = "235 welcome" if given == f"\0{USER}\0{PASSWORD}" else "535 wrong password"
        elif command == "DATA" and command not in self.fake.answers:
            self.say("354 go on")
            answer = self.take_mail()
        if answer:
            self.say(answer)
        return bool(answer)

    def take_mail(self) -> str:
        body = b""
        while (line := self.rfile.readline()) != b".\r\n":
            body += line
        answer: str = self.fake.answers.get("END", OK)
        if answer == OK:
            self.fake.mails.append(message_from_bytes(body, policy=default))
        return answer
