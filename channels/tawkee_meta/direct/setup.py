"""Setting an account up: whose token it is, its events subscribed to, and what is left to do in Meta's panel."""

from tawkee_core import Channel, Connection, Label

from ..graph import set_up


def connect(channel: Channel, subscribed: str) -> Connection:
    """Learn the account, subscribe to its events."""
    account = set_up(channel, "GET", "me?fields=id,name,username")
    account_id = str(account.get("user_id") or account.get("id") or "")
    set_up(channel, "POST", f"{account_id}/subscribed_apps?subscribed_fields={subscribed}")
    name = str(account.get("username") or account.get("name") or account_id)
    return Connection("connected", todo_label(name), config={"account_id": account_id})


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
