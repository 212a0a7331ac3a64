"""Small courtesies while an answer is being written: typing shown, messages marked as read, a name asked for. They may
fail, and delay nothing."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextvars import copy_context
from threading import BoundedSemaphore

import structlog

from ..context import Tawkee
from ..db import run
from ..doorbell import signal_chat
from ..wire import clean_text
from .addresses import address_key
from .context import TurnContext

SECONDS = 5.0
WORKERS = 16
MOST_WAITING = 64  # under load, courtesies that would come after their answer are left out
YOUNG = 10  # messages; who has no name by then has hidden it, or the permission to ask is missing
log = structlog.get_logger()
helpers = ThreadPoolExecutor(max_workers=WORKERS, thread_name_prefix="courtesy")
places = BoundedSemaphore(WORKERS + MOST_WAITING)


def offer_courtesies(tawkee: Tawkee, context: TurnContext) -> None:
    """Show typing, mark as read, and learn the contact's name, where the channel can and wants it; returns at once."""
    info = tawkee.plugins.channel(context.channel.kind).channel_info()
    if info is None:
        return
    if info.capabilities.typing and context.channel.config.get("typing", True):
        offer(type_now, tawkee, context)
    if info.capabilities.read_receipts and context.channel.config.get("read_receipts", True):
        offer(read_now, tawkee, context)
    if info.capabilities.names and not context.contact.name and len(context.messages) <= YOUNG:
        offer(learn_name, tawkee, context)


def offer(courtesy: Callable[[Tawkee, TurnContext], None], tawkee: Tawkee, context: TurnContext) -> None:
    if places.acquire(blocking=False):
        done = helpers.submit(copy_context().run, courtesy, tawkee, context)
        done.add_done_callback(lambda _: places.release())


def type_now(tawkee: Tawkee, context: TurnContext) -> None:
    plugin = tawkee.plugins.channel(context.channel.kind)
    try:
        plugin.channel_typing(channel=context.channel, contact=context.contact, seconds=SECONDS)
    except Exception as error:  # a courtesy: whatever is wrong with it, the answer goes on
        log.debug("typing_failed", channel_id=context.channel.id, error=str(error))


def read_now(tawkee: Tawkee, context: TurnContext) -> None:
    plugin = tawkee.plugins.channel(context.channel.kind)
    ids = [m.provider_message_id for m in context.fresh if m.provider_message_id]
    try:
        plugin.channel_read(channel=context.channel, contact=context.contact, message_ids=ids)
    except Exception as error:  # a courtesy: whatever is wrong with it, the answer goes on
        log.debug("read_failed", channel_id=context.channel.id, error=str(error))


def learn_name(tawkee: Tawkee, context: TurnContext) -> None:
    """Ask the provider what a contact without a name is called; one that came meanwhile stays."""
    channel, contact = context.channel, context.contact
    try:
        name = tawkee.plugins.channel(channel.kind).channel_name(channel=channel, contact=contact)
        name = clean_text(name or "").strip()[:200]
        if name and run("update contact set name = %s where id = %s and name = '' returning id", (name, contact.id)):
            signal_chat(tawkee.settings, channel.id, address_key(contact.address), {"event": "contact"})
    except Exception as error:  # a courtesy: whatever is wrong with it, the answer goes on
        log.debug("name_unknown", channel_id=channel.id, error=str(error))
