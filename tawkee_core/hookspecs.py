"""Every hook of Tawkee. A plugin is a module of functions named as these, marked `@hookimpl`, that take the arguments
they want.

Asked by name: one plugin answers; `None` means "I do not do that", an exception means "wrong".
Historic: called at start-up, and again for a plugin that arrives later.
"""

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any, Protocol

import pluggy

from .office_types import Mail, MailEvent
from .types import (
    Agent,
    Channel,
    ChannelEvent,
    ChannelInfo,
    Completion,
    Connection,
    Contact,
    Embedding,
    Media,
    Message,
    Model,
    ModelMessage,
    ModelOptions,
    Passage,
    TemplateInfo,
    Tool,
    Transcription,
    VectorMatch,
    VectorPoint,
)

if TYPE_CHECKING:
    from flask_smorest import Api

    from .settings import Settings

hookspec = pluggy.HookspecMarker("tawkee")
hookimpl = pluggy.HookimplMarker("tawkee")


class AppHooks(Protocol):
    """The application as a whole."""

    @hookspec(historic=True)
    def register_blueprints(self, api: "Api") -> None:
        """Add routes of your own to the web application."""

    @hookspec
    def worker_started(self, settings: "Settings", trained: bool) -> None:
        """Load now what is slow to load, before the worker takes its first turn; `trained` when there is knowledge to
        be searched."""


class ChannelHooks(Protocol):
    """A place people write from. The entry point's name is the channel's kind."""

    @hookspec(firstresult=True)
    def channel_info(self) -> ChannelInfo | None:
        """Say what this kind of channel is, what it needs to be set up and what it can carry."""

    @hookspec(firstresult=True)
    def channel_verify(self, channel: Channel, headers: dict[str, str], body: bytes) -> bool | None:
        """Return True when a webhook is authentic, raise InvalidWebhook when it is not; header names are lower case."""

    @hookspec(firstresult=True)
    def channel_challenge(self, channel: Channel, query: dict[str, str]) -> str | None:
        """Return what a provider that proves the webhook's address by a GET wants to read; raise InvalidWebhook."""

    @hookspec(firstresult=True)
    def channel_parse(self, channel: Channel, headers: dict[str, str], body: bytes) -> list[ChannelEvent] | None:
        """Read every event out of a webhook's body, without I/O; raise BadPayload when it cannot be read."""

    @hookspec(firstresult=True)
    def channel_acknowledge(
        self, channel: Channel, headers: dict[str, str], body: bytes
    ) -> dict[str, Any] | str | None:
        """Return what the provider wants to read in answer to a webhook that was kept: JSON, or plain text. Waits for
        nothing; what it raises is logged, and the answer is empty."""

    @hookspec(firstresult=True)
    def channel_send(self, channel: Channel, contact: Contact, message: Message, client_id: str) -> str | None:
        """Send one message and return the provider's id; raise NotSent, RateLimited, Refused, Ambiguous or AuthLost."""

    @hookspec(firstresult=True)
    def channel_lookup(
        self, channel: Channel, contact: Contact, message: Message, client_id: str, since: float
    ) -> str | None:
        """Return the provider's id of a message that may have been sent since that time (Unix), or "" when it surely
        was not. After None, or whatever it raises, it is asked again a few times, then people are."""

    @hookspec(firstresult=True)
    def channel_fetch(self, channel: Channel, resource: str) -> list[ChannelEvent] | None:
        """Get what a Fetch event pointed at, as events; raise NotSent to be asked again, Refused when it is gone."""

    @hookspec(firstresult=True)
    def channel_catch_up(self, channel: Channel, since: float) -> list[ChannelEvent] | None:
        """Return what the provider may have failed to deliver since that time (Unix); known events do no harm.
        Raise AuthLost, NotSent to be asked again."""

    @hookspec(firstresult=True)
    def channel_templates(self, channel: Channel) -> list[TemplateInfo] | None:
        """List the templates that the provider approved; raise AuthLost, NotSent to be asked again."""

    @hookspec(firstresult=True)
    def channel_media(self, channel: Channel, media: Media) -> Media | None:
        """Fetch a received file: the same media with its `data`; raise NotSent to be asked again, Refused when it is
        gone."""

    @hookspec(firstresult=True)
    def channel_typing(self, channel: Channel, contact: Contact, seconds: float) -> bool | None:
        """Show the contact that an answer is being written; return True when done. Asked where `capabilities.typing`;
        whatever it raises, the answer goes on."""

    @hookspec(firstresult=True)
    def channel_read(self, channel: Channel, contact: Contact, message_ids: Sequence[str]) -> bool | None:
        """Mark the contact's messages as read; return True when done. Asked where `capabilities.read_receipts`;
        whatever it raises, the answer goes on."""

    @hookspec(firstresult=True)
    def channel_name(self, channel: Channel, contact: Contact) -> str | None:
        """Ask what a contact is called, where webhooks do not tell (`capabilities.names`); "" when nobody knows.
        Whatever it raises, the answer goes on."""

    @hookspec(firstresult=True)
    def channel_connect(self, channel: Channel) -> Connection | None:
        """Set the channel up at the provider, webhook included; calling it again does no harm. Raise BadInput with the
        provider's words, AuthLost for a key that it refuses, NotSent when it cannot be reached."""

    @hookspec(firstresult=True)
    def channel_authorize(self, channel: Channel, state: str, return_url: str) -> str | None:
        """Return the provider's address where the owner allows us in; it comes back to `return_url` with `state`.
        Raise BadInput when something is missing for that."""

    @hookspec(firstresult=True)
    def channel_callback(self, channel: Channel, query: dict[str, str], return_url: str) -> Connection | None:
        """Turn what the provider sent the owner back with into credentials, kept as the connection's `config`. Raise
        BadInput with the provider's words, AuthLost, NotSent."""

    @hookspec(firstresult=True)
    def channel_refresh(self, channel: Channel) -> Connection | None:
        """Renew credentials whose `config["renew_at"]` (Unix) has come, or whose `config["expires_at"]` is near; called
        by one process at a time. Raise AuthLost when they are gone for good, NotSent to be asked again."""

    @hookspec(firstresult=True)
    def channel_qr(self, channel: Channel) -> Connection | None:
        """Get a fresh code to scan; raise as `channel_connect` does."""

    @hookspec(firstresult=True)
    def channel_status(self, channel: Channel) -> Connection | None:
        """Ask the provider how the channel stands, now and then; `disconnected` where it was connected has it connected
        again. Raise AuthLost, NotSent when nobody can tell."""

    @hookspec(firstresult=True)
    def channel_disconnect(self, channel: Channel) -> Connection | None:
        """Log out and keep the set-up, so that connecting again is one step; raise as `channel_connect` does."""

    @hookspec(firstresult=True)
    def channel_delete(self, channel: Channel) -> bool | None:
        """Remove what connecting left at the provider; return True when done. What it raises is told, and the channel
        goes all the same."""


class ModelHooks(Protocol):
    """A language, embedding or transcription model. A model's id begins with what its plugin lists."""

    @hookspec(firstresult=True)
    def model_list(self, settings: "Settings") -> Iterable[Model] | None:
        """List the models this plugin can reach."""

    @hookspec(firstresult=True)
    def model_complete(
        self,
        settings: "Settings",
        agent: Agent,
        model: str,
        messages: Sequence[ModelMessage],
        passages: Sequence[Passage],
        tools: Sequence[Tool],
        options: ModelOptions,
    ) -> Completion | None:
        """Answer a conversation in one call, without retries; the passages are in the system message too. Raises a
        ModelError."""

    @hookspec(firstresult=True)
    def model_embed(self, settings: "Settings", model: str, texts: Sequence[str]) -> Embedding | None:
        """Turn texts into vectors. Raises a ModelError."""

    @hookspec(firstresult=True)
    def model_transcribe(self, settings: "Settings", model: str, media: Media, language: str) -> Transcription | None:
        """Write down what is said in an audio. Raises a ModelError."""


class VectorHooks(Protocol):
    """Where the vectors of the agents' knowledge live; `space` names the embedding model, `dimensions` its length."""

    @hookspec(firstresult=True)
    def vectors_upsert(
        self, settings: "Settings", space: str, dimensions: int, points: Sequence[VectorPoint]
    ) -> bool | None:
        """Keep these vectors, replacing those of the same id. Raises Unavailable."""

    @hookspec(firstresult=True)
    def vectors_search(
        self, settings: "Settings", space: str, workspace_id: str, agent_id: str, vector: Sequence[float], limit: int
    ) -> list[VectorMatch] | None:
        """Find the nearest passages of one agent of one workspace, best first. Raises Unavailable."""

    @hookspec(firstresult=True)
    def vectors_delete(
        self, settings: "Settings", space: str, workspace_id: str, agent_id: str | None, training_id: str | None
    ) -> bool | None:
        """Forget a training, an agent (no training given) or a workspace (neither given). Raises Unavailable."""


class MailHooks(Protocol):
    """A way to send mails; the setting TAWKEE_MAIL names the plugin that is asked."""

    @hookspec(firstresult=True)
    def mail_send(self, settings: "Settings", mail: Mail) -> str | None:
        """Send one mail and return the provider's id; raise NotSent, RateLimited, Refused, Ambiguous or AuthLost."""

    @hookspec(firstresult=True)
    def mail_events(self, settings: "Settings", headers: dict[str, str], body: bytes) -> list[MailEvent] | None:
        """Verify a webhook and read what became of mails; raise InvalidWebhook when it is not authentic, BadPayload
        when it cannot be read."""


CHAPTERS = (AppHooks, ChannelHooks, ModelHooks, VectorHooks, MailHooks)
