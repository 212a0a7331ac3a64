"""Who is who on WhatsApp: people by phone (…@s.whatsapp.net) or LID (…@lid), groups (…@g.us), and neither."""

import re
from collections.abc import Mapping
from typing import Any

from tawkee_core import Address

from .decode import text_of

PERSON = "@s.whatsapp.net"
LID = "@lid"
KINDS = {"s.whatsapp.net": "phone", "c.us": "phone", "lid": "lid", "g.us": "group"}
BRAZIL_LONG = re.compile(r"55(\d\d)9(\d{8})@s\.whatsapp\.net")
BRAZIL_SHORT = re.compile(r"55(\d\d)([6-9]\d{7})@s\.whatsapp\.net")
DEVICE = re.compile(r":\d+(?=@)")


def clean_jid(value: Any) -> str:
    """A JID without its device: 5511…:12@s.whatsapp.net → 5511…@s.whatsapp.net."""
    return DEVICE.sub("", text_of(value)[:200])


def address_of(jid: str) -> Address | None:
    """The address behind a JID, kept as received; None for nobody to talk to: broadcasts, newsletters, bots."""
    user, _, server = jid.partition("@")
    kind = KINDS.get(server)
    return Address(kind, jid) if kind and user.strip("0") else None


def read_addresses(key: Mapping[str, Any]) -> tuple[Address, ...]:
    """Who a chat is with. A phone goes first where one is known: read receipts reach it, and a LID never."""
    jids = [clean_jid(key.get(name)) for name in ("remoteJid", "remoteJidAlt", "senderPn", "senderLid")]
    first = address_of(jids[0])
    if first is None or first.kind == "group":
        return (first,) if first else ()
    found = dict.fromkeys(a for jid in jids if (a := address_of(jid)) and a.kind != "group")
    return tuple(sorted(found, key=lambda address: address.kind != "phone"))


def stored_jids(value: str) -> tuple[str, ...]:
    """The JIDs a chat may be stored by: a Brazilian mobile's with its ninth digit and without."""
    jid = value if "@" in value else value.lstrip("+") + PERSON
    if match := BRAZIL_LONG.fullmatch(jid):
        return jid, f"55{match[1]}{match[2]}{PERSON}"
    if match := BRAZIL_SHORT.fullmatch(jid):
        return jid, f"55{match[1]}9{match[2]}{PERSON}"
    return (jid,)


def read_sender(key: Mapping[str, Any]) -> str:
    """Who wrote in a group: the phone's JID where it is known, else the LID."""
    jids = [clean_jid(key.get(name)) for name in ("participantAlt", "participantPn", "participant")]
    return next((jid for jid in jids if jid.endswith(PERSON)), jids[-1])


def is_mentioned(context: Mapping[str, Any], own: frozenset[str]) -> bool:
    """Whether a group's message calls us, by a JID of ours or as a reply to us."""
    mentioned = context.get("mentionedJid")
    jids = mentioned if isinstance(mentioned, list) else []
    return not own.isdisjoint((clean_jid(context.get("participant")), *(clean_jid(jid) for jid in jids[:1000])))


def own_lid(key: Mapping[str, Any]) -> str:
    """Our own LID, which groups mention us by; only our messages in groups tell it. "" where this one does not."""
    jid = clean_jid(key.get("participant"))
    return jid if key.get("fromMe") is True and jid.endswith(LID) else ""
