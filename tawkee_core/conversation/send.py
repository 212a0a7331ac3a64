"""Hand a message to its channel, and sort every failure into what may be done next.

The intent is committed before this is called; no transaction is open while the provider answers."""

import random
import time
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

import structlog
from psycopg2.errors import UniqueViolation

from .. import metrics
from ..channels.load import load_channel, open_channel
from ..channels.pause import lose_auth, pause_channel
from ..channels.warmup import WAITING, may_write, seconds_to_wait
from ..context import Tawkee
from ..db import persist, run
from ..doorbell import ring, signal_chat
from ..errors import Ambiguous, AuthLost, NotFound, NotSent, RateLimited, Refused, SendError, TawkeeError
from ..types import Address, Channel, ChannelInfo, Contact, Label, Media, Message, Pace, Template, TemplatePart
from .addresses import address_key
from .choices import buttons_of
from .fit import fit_message, other_form
from .hidden import tell_hidden
from .media import media_url, read_data
from .outbound import MAX_ATTEMPTS, MAX_RECOVERIES, Sending, Settled, claim_sendings, settle_row
from .pace import wait_turn
from .reopen import reopen_window
from .window import is_open

AUTH_WAIT = 60.0
CHAIN_SECONDS = 15.0
WINDOW_CLOSED = "window_closed: the provider takes only an approved template this long after the contact's last message"
log = structlog.get_logger()

LOAD = """
select m.id as message_id, m.chat_id, m.kind as message_kind, m.text, m.author, m.quoted_id, m.data,
    c.last_in_at, c.address_kind, c.address, p.id as contact_id, p.name as contact_name, p.phone,
    d.id as media_id, d.mimetype, d.filename, d.size, d.path, d.ref,
    h.id, h.workspace_id, h.agent_id, h.kind, h.name, h.config, h.sealed, h.webhook_token, h.status, h.deleted_at
from message m join chat c on c.id = m.chat_id join contact p on p.id = c.contact_id
    join channel h on h.id = c.channel_id left join media d on d.message_id = m.id
where m.id = %s
"""


@dataclass(frozen=True)
class Parcel:
    """What is sent, to whom, through which channel."""

    channel: Channel
    contact: Contact
    message: Message
    last_in_at: datetime | None


@dataclass(frozen=True)
class Verdict:
    """What became of one try."""

    state: str
    provider_id: str | None = None
    error: str = ""
    wait: float = 0.0
    uncounted: bool = False
    pace: Pace | None = None
    doubtful: bool = False


def deliver_all(tawkee: Tawkee, sending: Sending, parcel: Parcel | None = None, seconds: float = CHAIN_SECONDS) -> None:
    """Send a claimed message, and then what else its chat has waiting, in order. None is begun after so many `seconds`:
    the watch over a thread's time, or a worker that stops, would end it in the middle."""
    ends = time.monotonic() + seconds
    while deliver(tawkee, sending, parcel):
        if time.monotonic() > ends:
            ring(tawkee.settings)
            return
        following = claim_sendings(tawkee.settings, 1, sending.chat_id)
        if not following:
            return
        sending, parcel = following[0], None


def deliver(tawkee: Tawkee, sending: Sending, parcel: Parcel | None = None) -> bool:
    """Send one claimed message and settle it; whether more of the chat waits."""
    try:
        parcel = parcel or persist(lambda: load_parcel(tawkee, sending.message_id))
    except (TawkeeError, OSError) as error:  # nothing left: its channel, its plugin, its secrets or its file are gone
        log.warning("message_unready", outbound_id=sending.id, message_id=sending.message_id, error=str(error))
        reason = f"could not be prepared: {error}"
        return persist(lambda: settle_row(sending, "dead", error=reason)).more
    started = time.monotonic()
    verdict = try_send(tawkee, sending, parcel)
    more = settle(tawkee, sending, parcel, verdict)
    if verdict.error == WINDOW_CLOSED:
        more = reopen(tawkee, sending, parcel) or more
    metrics.TURN_STAGE.labels("send").observe(time.monotonic() - started)
    log.info(
        "message_" + verdict.state,
        outbound_id=sending.id,
        message_id=sending.message_id,
        turn_id=sending.turn_id,
        channel_id=parcel.channel.id,
        provider_message_id=verdict.provider_id,
        attempt=sending.attempts,
        error=verdict.error or None,
    )
    return more


def reopen(tawkee: Tawkee, sending: Sending, parcel: Parcel) -> bool:
    """Have the owner's template sent in place of what came too late, where there is one."""
    info = info_of(tawkee, parcel.channel)
    return persist(
        lambda: reopen_window(parcel.channel, info.capabilities, sending.chat_id, parcel.message, info.send_semantics)
    )


def load_parcel(tawkee: Tawkee, message_id: str) -> Parcel:
    """What is to be sent. Raises TawkeeError or OSError when it cannot be put together."""
    row = run(LOAD, (message_id,))[0]
    if row.deleted_at is not None:
        raise NotFound("the channel was removed")
    tawkee.plugins.channel(row.kind)
    contact = Contact(row.contact_id, row.contact_name, Address(row.address_kind, row.address), row.phone)
    return Parcel(open_channel(tawkee.settings, row), contact, message_of(tawkee, row), row.last_in_at)


def message_of(tawkee: Tawkee, row: Any) -> Message:
    template = row.data.get("template")
    return Message(
        row.message_id,
        row.message_kind,
        tell_hidden(tawkee.settings, row.chat_id, row.text, row.data),
        media_of(tawkee, row),
        row.quoted_id,
        row.author,
        buttons_of(row.data),
        template_of(template) if template else None,
    )


def template_of(kept: dict[str, Any]) -> Template:
    parts = tuple(TemplatePart(**part) for part in kept.get("parts", ()))
    return Template(kept["name"], kept["language"], tuple(kept["parameters"]), tuple(kept.get("names", ())), parts)


def media_of(tawkee: Tawkee, row: Any) -> Media | None:
    if row.media_id is None or row.path is None:
        return None
    data = read_data(tawkee.settings, row.path)
    return Media(
        row.media_id, row.mimetype, row.filename, row.size, row.ref, media_url(tawkee.settings, row.media_id), data
    )


def try_send(tawkee: Tawkee, sending: Sending, parcel: Parcel) -> Verdict:
    """One try. A worker that slept through half its lease, or waited that long for its turn to speak, does not open the
    socket any more."""
    info = info_of(tawkee, parcel.channel)
    if parcel.message.template is None and not is_open(info.capabilities, parcel.message.author, parcel.last_in_at):
        return Verdict("dead", error=WINDOW_CLOSED)
    if not persist(lambda: may_write(parcel.channel, info, sending.chat_id)):
        return Verdict("pending", error=WAITING, wait=seconds_to_wait(), uncounted=True)
    message = fit_message(parcel.message, info.capabilities, parcel.last_in_at)
    if not wait_turn(parcel.channel.id, info.pace.per_second):
        return Verdict("pending", error="the channel speaks at its pace", wait=1.0, uncounted=True)
    if is_late(tawkee, sending):
        return Verdict("pending", error="too late to send under this lease", uncounted=True)
    try:
        provider_id = hand_over(tawkee, sending, parcel, message, info)
    except SendError as error:
        return judge(tawkee, sending, parcel.channel, error)
    except Exception as error:  # a plugin's fault: the message may or may not have left
        log.exception("send_crashed", kind=parcel.channel.kind, outbound_id=sending.id)
        return judge(tawkee, sending, parcel.channel, Ambiguous(f"{type(error).__name__}: {error}"))
    if provider_id is None:
        return Verdict("dead", error="This channel cannot send.")
    return Verdict("sent", provider_id=provider_id or None, pace=pace_of(info, parcel.channel))


def is_late(tawkee: Tawkee, sending: Sending) -> bool:
    """Whether a call begun now might outlast the lease, and another worker then take the message for abandoned."""
    return time.monotonic() - sending.began > tawkee.settings.lease_seconds / 2


def hand_over(tawkee: Tawkee, sending: Sending, parcel: Parcel, message: Message, info: ChannelInfo) -> str | None:
    """Give a message to its channel; a file that is refused is tried once more in another form. Raises SendError."""
    send = tawkee.plugins.channel(parcel.channel.kind).channel_send
    told: dict[str, Any] = {"channel": parcel.channel, "contact": parcel.contact, "client_id": message.id}
    try:
        return send(message=message, **told)
    except Refused as error:
        other = other_form(message, info.capabilities)
        if other is None:
            raise
        if is_late(tawkee, sending):
            raise NotSent("There was no time left for another form.") from error
        log.info("message_in_other_form", message_id=message.id, kind=message.kind, then=other.kind, error=str(error))
        return send(message=other, **told)


def info_of(tawkee: Tawkee, channel: Channel) -> ChannelInfo:
    return tawkee.plugins.channel(channel.kind).channel_info() or ChannelInfo(Label("", ""), "opaque")


def pace_of(info: ChannelInfo, channel: Channel) -> Pace:
    """The kind's pace, or the one its owner set for this channel."""
    seconds = channel.config.get("contact_seconds")
    return replace(info.pace, contact_seconds=float(seconds)) if isinstance(seconds, int | float) else info.pace


def judge(tawkee: Tawkee, sending: Sending, channel: Channel, error: SendError) -> Verdict:
    """What to do after a failure, by its class."""
    text = f"{error.slug}: {error}"
    match error:
        case RateLimited():
            persist(lambda: pause_channel(channel, error.retry_after))
            return Verdict("pending", error=text, wait=error.retry_after, uncounted=True)
        case AuthLost() if has_new_keys(tawkee, channel):
            return Verdict("pending", error=text, uncounted=True)
        case AuthLost():
            persist(lambda: lose_auth(channel, str(error)))
            return Verdict("pending", error=text, wait=AUTH_WAIT, uncounted=True)
        case NotSent() if sending.attempts < MAX_ATTEMPTS:
            return Verdict("pending", error=text, wait=jitter(sending.attempts))
        case Ambiguous() if sending.semantics == "reconcilable":
            return Verdict("reconciling", error=text, wait=tawkee.settings.reconcile_seconds)
        case Ambiguous() if sending.semantics == "idempotent" and sending.attempts < MAX_ATTEMPTS:
            return Verdict("pending", error=text, wait=jitter(sending.attempts), doubtful=True)
        case Ambiguous():
            return Verdict("unconfirmed", error=text)
        case NotSent() | Refused() | _:
            return Verdict("dead", error=text)


def has_new_keys(tawkee: Tawkee, channel: Channel) -> bool:
    """Whether the channel's keys were renewed while a message was on its way with the old ones."""
    try:
        return persist(lambda: load_channel(tawkee.settings, channel.id)).config != channel.config
    except TawkeeError:  # removed, or its secrets cannot be opened
        return False


def jitter(attempts: int) -> float:
    """Full jitter: up to 1, 4, 16 … seconds, at most ten minutes; eight tries are about half an hour."""
    return random.uniform(0.2, 1.0) * min(4.0 ** (attempts - 1), 600.0)


def settle(tawkee: Tawkee, sending: Sending, parcel: Parcel, verdict: Verdict) -> bool:
    """Write the verdict down, through a restart of PostgreSQL if need be, and tell who watches the chat."""
    try:
        settled = persist(lambda: settle_verdict(sending, verdict, verdict.provider_id))
    except UniqueViolation:  # the provider gave two messages one id: ours is sent all the same
        log.warning("provider_id_taken", outbound_id=sending.id, provider_message_id=verdict.provider_id)
        settled = persist(lambda: settle_verdict(sending, verdict, None))
    metrics.OUTBOUND.labels(parcel.channel.kind, verdict.state).inc()
    event = {"event": "message", "id": sending.message_id, "status": verdict.state}
    signal_chat(tawkee.settings, parcel.channel.id, address_key(parcel.contact.address), event)
    if settled.turn_due:  # what the customer wrote while this one was on its way
        ring(tawkee.settings)
    return settled.more and verdict.state in ("sent", "dead", "unconfirmed")


def settle_verdict(sending: Sending, verdict: Verdict, provider_id: str | None) -> Settled:
    return settle_row(
        sending,
        verdict.state,
        provider_id=provider_id,
        error=verdict.error,
        wait=verdict.wait,
        uncounted=verdict.uncounted,
        pace=verdict.pace,
        doubtful=verdict.doubtful,
    )


def look_up(tawkee: Tawkee, sending: Sending) -> None:
    """Ask the provider whether a message of an ambiguous try was sent: it is marked sent, sent again, or left to
    people."""
    try:
        parcel = load_parcel(tawkee, sending.message_id)
    except (TawkeeError, OSError) as error:
        reason = f"nobody can tell whether it arrived: {error}"
        persist(lambda: settle_row(sending, "unconfirmed", error=reason))
        return
    found = ask_provider(tawkee, sending, parcel)
    if found and is_anothers(sending, parcel.channel, found):
        log.warning("lookup_found_another", outbound_id=sending.id, provider_message_id=found)
        found = None
    settle(tawkee, sending, parcel, lookup_verdict(sending, found))


def is_anothers(sending: Sending, channel: Channel, provider_id: str) -> bool:
    """Whether what was found is known as another message of the same words: that one proves nothing of this one."""
    known = "select 1 from message where channel_id = %s and provider_message_id = %s and id <> %s"
    return bool(run(known, (channel.id, provider_id, sending.message_id)))


def ask_provider(tawkee: Tawkee, sending: Sending, parcel: Parcel) -> str | None:
    """The provider's id of the message, "" when it surely has none, None when it cannot tell now."""
    try:
        return tawkee.plugins.channel(parcel.channel.kind).channel_lookup(
            channel=parcel.channel,
            contact=parcel.contact,
            message=fit_message(parcel.message, info_of(tawkee, parcel.channel).capabilities, parcel.last_in_at),
            client_id=parcel.message.id,
            since=sending.since,
        )
    except Exception as error:  # the provider's or the plugin's fault: asked again a few times, then left to people
        log.warning("lookup_failed", outbound_id=sending.id, error=f"{type(error).__name__}: {error}")
        return None


def lookup_verdict(sending: Sending, found: str | None) -> Verdict:
    if found:
        return Verdict("sent", provider_id=found)
    if found == "" and sending.attempts < MAX_ATTEMPTS:
        return Verdict("pending", error="not found at the provider; sent again")
    if found == "":
        return Verdict("dead", error="not found at the provider after many tries")
    if sending.recoveries >= MAX_RECOVERIES:
        return Verdict("unconfirmed", error="nobody can tell whether it arrived")
    return Verdict("reconciling", wait=min(10.0 * sending.recoveries, 40.0))
