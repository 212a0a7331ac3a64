"""An instance's life: created with its webhook, scanned, watched, logged out, removed. Every step may be done again."""

from typing import Any

from tawkee_core import Channel, Conflict, Connection, NotFound, Qr

from . import words
from .api import ask, instance_of, own_instance
from .decode import object_of, text_of

# `events` may not be left out (the server answers 500), and an empty list means all of them
EVENTS = (
    "QRCODE_UPDATED", "CONNECTION_UPDATE", "STATUS_INSTANCE", "LOGOUT_INSTANCE", "REMOVE_INSTANCE", "INSTANCE_DELETE",
    "MESSAGES_UPSERT", "MESSAGES_UPDATE", "MESSAGES_EDITED", "MESSAGES_DELETE", "SEND_MESSAGE",
)  # fmt: skip
FLAGS = ("rejectCall", "groupsIgnore", "alwaysOnline", "readMessages", "readStatus", "syncFullHistory")
CREATED = "created_instance"


def connect(channel: Channel) -> Connection:
    """Create the instance, or use the one of that name, and start it: connected, or a code to scan."""
    try:
        answer = ask(channel, "POST", "/instance/create", new_instance(channel))
        kept = {"instance": instance_of(channel), CREATED: True}
    except Conflict:
        ask(channel, "POST", "/webhook/set", {"webhook": webhook(channel)})
        set_groups(channel)
        answer, kept = {}, {"instance": instance_of(channel)}
    code = object_of(answer.get("qrcode"))
    link = code if code.get("base64") else ask(channel, "GET", "/instance/connect")
    return read_link(link, kept)


def new_instance(channel: Channel) -> dict[str, Any]:
    return {
        **{flag: False for flag in FLAGS},
        "instanceName": instance_of(channel),
        "integration": "WHATSAPP-BAILEYS",
        "qrcode": True,
        "groupsIgnore": ignores_groups(channel),
        "webhook": webhook(channel),
    }


def webhook(channel: Channel) -> dict[str, Any]:
    """Where events go, with a header of our own as proof. Files are not sent along (base64): a large one would make the
    event too large to be taken, and its message would be lost; `channel_media` fetches them."""
    return {
        "enabled": True,
        "url": channel.webhook_url,
        "byEvents": False,
        "base64": False,
        "headers": {"authorization": f"Bearer {channel.webhook_secret}"},
        "events": list(EVENTS),
    }


def ignores_groups(channel: Channel) -> bool:
    return channel.config.get("groups") != "store"


def set_groups(channel: Channel) -> None:
    """Have an instance that was there already tell about groups, or not, and leave its other settings as they are."""
    current = ask(channel, "GET", "/settings/find", accept=(400, 404, 405, 500, 501))
    if current.get("groupsIgnore") in (None, ignores_groups(channel)):
        return
    flags = {flag: current.get(flag) is True for flag in FLAGS} | {"groupsIgnore": ignores_groups(channel)}
    ask(channel, "POST", "/settings/set", flags | {"msgCall": text_of(current.get("msgCall"))})


def read_link(link: dict[str, Any], kept: dict[str, Any] | None = None) -> Connection:
    """What starting an instance answers: open, a code, none yet, or {error, message} with status 200."""
    if link.get("error"):
        return Connection("failed", words.NOT_STARTED, config=kept or {})
    if object_of(link.get("instance")).get("state") == "open":
        return Connection("connected", config=kept or {})
    image, code = text_of(link.get("base64")), text_of(link.get("code"))
    qr = Qr(image, code) if image or code else None
    return Connection("connecting", words.SCAN, qr, kept or {})


def get_qr(channel: Channel) -> Connection:
    """A fresh code; it rotates every 45 s."""
    try:
        return read_link(ask(channel, "GET", "/instance/connect"))
    except NotFound:
        return Connection("disconnected", words.INSTANCE_GONE)


def get_status(channel: Channel) -> Connection:
    """How the instance stands; one that is open is told anew whether groups are wanted, which may have been changed."""
    try:
        answer = ask(channel, "GET", "/instance/connectionState")
    except NotFound:
        return Connection("disconnected", words.INSTANCE_GONE)
    match object_of(answer.get("instance")).get("state"):
        case "open":
            set_groups(channel)
            return Connection("connected")
        case "connecting":
            return Connection("connecting", words.SCAN)
        case _:
            return Connection("disconnected", words.LOGGED_OUT)


def log_out(channel: Channel) -> Connection:
    """Log out; an instance that is not connected (400) or not there (404) is logged out already."""
    ask(channel, "DELETE", "/instance/logout", accept=(400, 404))
    return Connection("disconnected")


def remove(channel: Channel) -> bool:
    """Delete an instance of our making; in one that its owner had before, only turn our webhook off."""
    if channel.config.get(CREATED) or instance_of(channel) == own_instance(channel):
        ask(channel, "DELETE", "/instance/delete", accept=(404,))
    else:
        ask(channel, "POST", "/webhook/set", {"webhook": webhook(channel) | {"enabled": False}}, accept=(404,))
    return True
