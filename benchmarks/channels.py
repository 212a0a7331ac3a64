"""How fast the webhooks of three kinds of channel are kept: proven by a header, by a signature, by a secret."""

import hashlib
import hmac
import itertools
import json
import random
import time
from collections.abc import Callable, Mapping
from typing import Any

from .bench import Bench
from .crowd import Door
from .figures import Figure, Rounds, check
from .payload import message_body, phone_of, raw_request
from .pounder import Pounder, pounding
from .site import APP_SECRET
from .webhooks import checked

GOAL = 300
TEXT = "Bom dia, vocês abrem hoje?"
Made = tuple[Mapping[str, str], bytes]


def measure(bench: Bench) -> list[Figure]:
    """One figure a kind, the kinds in turn within each round."""
    rounds = Rounds()
    with pounding(bench.site.port) as pounder:
        for _ in range(bench.plan.rounds):
            for kind in KINDS:
                rounds.note(**{kind: keep(bench, pounder, kind)})
    return [rounds.figure(kind, f"webhooks kept, {kind}", "1/s", GOAL) for kind in KINDS]


def keep(bench: Bench, pounder: Pounder, kind: str) -> float:
    """Webhooks kept a second; each one accepted has its row, of a contact who wrote before or writes for the first
    time."""
    door, make, numbers = bench.site.doors[f"kept {kind}"], KINDS[kind], itertools.count()
    first = time.time_ns() // 1_000_000 % 10**9 * 10_000  # ids that no other phase has

    def request() -> bytes:
        headers, body = make(door, random.randrange(bench.plan.contacts), first + next(numbers))
        return raw_request("POST", door.path, {"content-type": "application/json", **headers}, body)

    before = count_kept(bench, door)
    result = checked(pounder.pound(request, bench.plan.seconds))
    rows = count_kept(bench, door) - before
    check(rows == len(result.latencies), f"{kind}: {len(result.latencies)} accepted, {rows} messages kept")
    bench.site.drop_kept()
    return result.rate


def count_kept(bench: Bench, door: Door) -> int:
    channel_id = door.path.split("/")[2]
    return int(bench.site.sql("select count(*) from message where channel_id = %s", (channel_id,))[0][0])


def evolution(door: Door, contact: int, number: int) -> Made:
    return {"authorization": f"Bearer {door.token}"}, message_body(phone_of(contact), f"BENCH{number}", TEXT)


def whatsapp_cloud(door: Door, contact: int, number: int) -> Made:
    phone = phone_of(contact)
    person = {"profile": {"name": f"Cliente {phone[-6:]}"}, "wa_id": phone, "user_id": f"BR.{phone}"}
    message: dict[str, Any] = {"id": f"wamid.BENCH{number}", "from": phone, "from_user_id": f"BR.{phone}"}
    message |= {"type": "text", "timestamp": str(int(time.time())), "text": {"body": TEXT}}
    value: dict[str, Any] = {"messaging_product": "whatsapp", "contacts": [person], "messages": [message]}
    value["metadata"] = {"display_phone_number": "551140000000", "phone_number_id": "1060"}
    change = {"field": "messages", "value": value}
    body = json.dumps(
        {"object": "whatsapp_business_account", "entry": [{"id": "2040", "changes": [change]}]}, separators=(",", ":")
    ).encode()
    return {"x-hub-signature-256": "sha256=" + hmac.new(APP_SECRET.encode(), body, hashlib.sha256).hexdigest()}, body


def telegram(door: Door, contact: int, number: int) -> Made:
    person = {"id": contact + 1, "is_bot": False, "first_name": "Cliente", "last_name": str(contact)}
    message: dict[str, Any] = {"message_id": number, "from": person, "chat": {"id": contact + 1, "type": "private"}}
    message |= {"date": int(time.time()), "text": TEXT}
    body = json.dumps({"update_id": number, "message": message}, separators=(",", ":")).encode()
    return {"x-telegram-bot-api-secret-token": door.token}, body


KINDS: dict[str, Callable[[Door, int, int], Made]] = {
    "evolution": evolution,
    "whatsapp_cloud": whatsapp_cloud,
    "telegram": telegram,
}
