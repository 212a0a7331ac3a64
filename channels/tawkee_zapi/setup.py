"""An instance's life: webhooks pointed at us, a code scanned, watched, logged out. Every step may be done again."""

from tawkee_core import BadInput, Channel, Connection, Label, Qr

from .api import set_up

NEEDS_HTTPS = "Z-API delivers only to a public https address: set TAWKEE_PUBLIC_URL to one."
SCAN = Label(
    "No celular: WhatsApp → Aparelhos conectados → Conectar aparelho. O código muda a cada 20 segundos.",
    "On the phone: WhatsApp → Linked devices → Link a device. The code changes every 20 seconds.",
)
WAIT = Label("A Z-API ainda prepara o código.", "Z-API is still preparing the code.")
OFF = Label("O número não está conectado na Z-API.", "The number is not connected at Z-API.")
PHONE_OFF = Label("O celular está sem internet.", "The phone is offline.")


def connect(channel: Channel) -> Connection:
    """Point every webhook of the instance at us, our own messages' too, and start it: connected, or a code to scan."""
    if not channel.webhook_url.startswith("https://"):
        raise BadInput(NEEDS_HTTPS, slug="public_url_needed")
    set_up(channel, "PUT", "/update-every-webhooks", {"value": channel.webhook_url, "notifySentByMe": True})
    return get_qr(channel)


def get_qr(channel: Channel) -> Connection:
    """A fresh code, as a PNG."""
    answer = set_up(channel, "GET", "/qr-code/image")
    if answer.get("connected") is True:
        return Connection("connected")
    image = answer.get("value")
    if not isinstance(image, str) or not image.startswith("data:image/"):
        return Connection("connecting", WAIT)
    return Connection("connecting", SCAN, Qr(image))


def get_status(channel: Channel) -> Connection:
    answer = set_up(channel, "GET", "/status")
    if answer.get("connected") is True:
        return Connection("connected", PHONE_OFF if answer.get("smartphoneConnected") is False else None)
    return Connection("disconnected", OFF)


def log_out(channel: Channel) -> Connection:
    """Unlink the phone; an instance that refuses because it is not connected is logged out already."""
    try:
        set_up(channel, "GET", "/disconnect")
    except BadInput:
        return get_status(channel)
    return Connection("disconnected")


def remove(channel: Channel) -> bool:
    """Unlink the phone and turn the webhooks off; the instance, which its owner pays for, stays."""
    log_out(channel)
    set_up(channel, "PUT", "/update-every-webhooks", {"value": "", "notifySentByMe": False})
    return True
