"""Webhooks as Evolution API v2 sends them."""

import json
import secrets
import time
from collections.abc import Mapping

MARK = "BENCH"


def phone_of(number: int) -> str:
    return f"55119{number:08d}"


def new_prefix() -> str:
    """What the message ids of one phase of a run begin with, so that its rows can be counted."""
    return f"{MARK}{secrets.token_hex(5).upper()}"


def message_body(phone: str, message_id: str, text: str) -> bytes:
    """messages.upsert with a text, as 2.3.7 writes it; about 1.2 kB."""
    jid = f"{phone}@s.whatsapp.net"
    device = {"deviceListMetadata": {"senderKeyHash": "c2VuZGVyS2V5SGFzaA==", "senderTimestamp": "1719990000"}}
    data = {
        "key": {"remoteJid": jid, "fromMe": False, "id": message_id, "senderLid": f"{phone[::-1]}@lid"},
        "pushName": f"Cliente {phone[-6:]}",
        "status": "DELIVERY_ACK",
        "message": {"conversation": text, "messageContextInfo": device | {"deviceListMetadataVersion": 2}},
        "contextInfo": {"entryPointConversionSource": "contact", "entryPointConversionApp": "whatsapp"},
        "messageType": "conversation",
        "messageTimestamp": int(time.time()),
        "instanceId": "188cbb13-0000-4d5a-979d-ba0fe75a3ee9",
        "source": "android",
    }
    event = {
        "event": "messages.upsert",
        "instance": "bench",
        "data": data,
        "destination": "http://127.0.0.1/webhooks",
        "date_time": "2026-11-22T12:00:00.000Z",
        "sender": "5511988887777@s.whatsapp.net",
        "server_url": "http://127.0.0.1",
        "apikey": "0123456789ABCDEF0123456789ABCDEF",
    }
    return json.dumps(event, separators=(",", ":")).encode()


def raw_request(method: str, path: str, headers: Mapping[str, str], body: bytes = b"") -> bytes:
    """An HTTP/1.1 request on a connection that stays open."""
    lines = {"host": "127.0.0.1", "content-length": str(len(body)), **headers}
    head = "".join(f"{name}: {value}\r\n" for name, value in lines.items())
    return f"{method} {path} HTTP/1.1\r\n{head}\r\n".encode() + body


def webhook_request(path: str, token: str, body: bytes) -> bytes:
    headers = {"content-type": "application/json", "authorization": f"Bearer {token}", "user-agent": "axios/1.7.9"}
    return raw_request("POST", path, headers, body)
