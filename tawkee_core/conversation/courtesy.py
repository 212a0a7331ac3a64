"""Small courtesies while an answer is being written: typing shown, messages marked as read. They may fail, and delay
nothing."""

from concurrent.futures import ThreadPoolExecutor
from contextvars import copy_context

import structlog

from ..context import Tawkee
from .context import TurnContext

SECONDS = 5.0
log = structlog.get_logger()
helpers = ThreadPoolExecutor(max_workers=16, thread_name_prefix="courtesy")


def show_typing(tawkee: Tawkee, context: TurnContext) -> None:
    """Show typing, and mark as read, where the channel can and wants it; returns at once."""
    info = tawkee.plugins.channel(context.channel.kind).channel_info()
    if info is None:
        return
    if info.capabilities.typing and context.channel.config.get("typing", True):
        helpers.submit(copy_context().run, type_now, tawkee, context)
    if info.capabilities.read_receipts and context.channel.config.get("read_receipts", True):
        helpers.submit(copy_context().run, read_now, tawkee, context)


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
