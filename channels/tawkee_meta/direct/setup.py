"""Setting an account up: whose token it is, its events subscribed to, and what is left to do in Meta's panel."""

import math
import time
from collections.abc import Mapping
from types import MappingProxyType
from urllib.parse import quote

from tawkee_core import AuthLost, Channel, Connection, Contact, Label, NotSent, Refused

from ..graph import call, renew_token, set_up

NAMES = ("first_name", "last_name", "name", "username")
DAY = 24 * 3600.0


def connect(
    channel: Channel, subscribed: str, account_fields: str, renewal: Mapping[str, float] = MappingProxyType({})
) -> Connection:
    """Learn the account, subscribe to its events. Instagram's webhooks name an account by its `user_id`; its `id` is
    another one, of this app alone."""
    account = set_up(channel, "GET", f"me?fields={account_fields}")
    account_id = str(account.get("user_id") or account.get("id") or "")
    set_up(channel, "POST", f"{account_id}/subscribed_apps?subscribed_fields={subscribed}")
    name = str(account.get("username") or account.get("name") or account_id)
    return Connection("connected", todo_label(name), config={"account_id": account_id, **renewal})


def find_name(channel: Channel, contact: Contact, fields: str) -> str:
    """What a contact is called: Messenger gives first and last name, Instagram a name that may be empty and a username.
    Raises a SendError where the app may not ask, or they do not want to be known."""
    told = call(channel, "GET", f"{quote(contact.address.value, safe='')}?fields={fields}")
    given = {name: told.get(name) if isinstance(told, dict) else None for name in NAMES}
    known = {name: value.strip() for name, value in given.items() if isinstance(value, str)}
    whole = f"{known.get('first_name', '')} {known.get('last_name', '')}".strip()
    return whole or known.get("name") or known.get("username") or ""


def first_renewal() -> dict[str, float]:
    """When a token is renewed for the first time. Nobody tells how old it is; Meta renews none of less than a day."""
    return {"renew_at": time.time() + 2 * DAY}


def refresh(channel: Channel) -> Connection:
    """The token for another 60 days, renewed again at half of that. One that Meta does not renew serves to its end.

    Raises AuthLost when it ended or was withdrawn, NotSent to be asked again."""
    try:
        answer = renew_token(channel)
    except Refused as error:
        if time.time() > float(channel.config.get("expires_at") or math.inf):
            raise AuthLost(f"The token ended, and Meta does not renew it: {error}") from error
        raise NotSent(str(error)) from error
    token, seconds = answer.get("access_token"), answer.get("expires_in")
    if not isinstance(token, str) or not isinstance(seconds, int | float) or seconds <= 0:
        raise NotSent("Meta's answer holds no token.")
    now = time.time()
    return Connection("connected", config={"token": token, "expires_at": now + seconds, "renew_at": now + seconds / 2})


def todo_label(name: str) -> Label:
    return Label(
        f"Conectado como {name}. No painel da Meta, em Webhooks, cole o endereço deste canal e, como token de"
        " verificação, a última parte dele.",
        f"Connected as {name}. In Meta's panel, under Webhooks, paste this channel's address and, as verify token, its"
        " last part.",
    )


def get_status(channel: Channel) -> Connection:
    """Whether the token still works. Raises AuthLost."""
    set_up(channel, "GET", "me?fields=id")
    return Connection("connected")


def disconnect(channel: Channel) -> Connection:
    account = str(channel.config.get("account_id") or "me")
    set_up(channel, "DELETE", f"{account}/subscribed_apps")
    return Connection("disconnected")
