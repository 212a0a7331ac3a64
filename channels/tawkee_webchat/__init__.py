"""Web chat: a page and a widget of our own, live by server-sent events.

The database is the provider: what is sent is there already."""

from typing import TYPE_CHECKING

from tawkee_core import Channel, ChannelInfo, Connection, Contact, Message, hookimpl, inbox

from .look import INFO

if TYPE_CHECKING:
    from flask_smorest import Api


@hookimpl
def channel_info() -> ChannelInfo:
    return INFO


@hookimpl
def channel_connect() -> Connection:
    return Connection("connected")


@hookimpl
def channel_status() -> Connection:
    return Connection("connected")


@hookimpl
def channel_send(message: Message) -> str:
    """The core tells the event streams as soon as this is written down."""
    return message.id


@hookimpl
def channel_typing(channel: Channel, contact: Contact, seconds: float) -> bool:
    inbox.signal(channel, contact.address, {"event": "typing", "seconds": seconds})
    return True


@hookimpl
def register_blueprints(api: "Api") -> None:
    from .routes import blueprint  # the worker sends without serving pages

    api.register_blueprint(blueprint)
