"""What the owner of a channel reads about it, in both languages."""

from typing import Any

from tawkee_core import Connection, Label

SCAN = Label(
    "Leia o código no WhatsApp: Aparelhos conectados → Conectar um aparelho.",
    "Scan the code in WhatsApp: Linked devices → Link a device.",
)
QR_ENDED = Label("O código expirou sem ser lido. Gere outro.", "The code ended without being scanned. Get a new one.")
LOGGED_OUT = Label(
    "O número foi desconectado do WhatsApp. Conecte de novo e leia o código.",
    "The number was logged out of WhatsApp. Connect again and scan the code.",
)
FORBIDDEN = Label(
    "O WhatsApp recusou este número (bloqueio ou restrição). Veja o aplicativo no celular.",
    "WhatsApp refused this number (banned or restricted). Look at the app on the phone.",
)
INSTANCE_GONE = Label(
    "A instância não existe mais no servidor Evolution. Conecte de novo para criá-la.",
    "The instance no longer exists on the Evolution server. Connect again to create it.",
)
LICENSE = Label(
    "O servidor Evolution (2.4 ou mais novo) ainda não foi ativado: quem o administra precisa abrir"
    " /manager/login nele e ativar a licença. As mensagens esperam até lá.",
    "The Evolution server (2.4 or newer) is not activated yet: its administrator must open /manager/login"
    " on it and activate the licence. Messages wait until then.",
)
KEY_REFUSED = Label(
    "O servidor Evolution não aceitou a chave da API. Confira a chave e conecte de novo.",
    "The Evolution server did not accept the API key. Check the key and connect again.",
)
UNLICENSED = (
    "servidor Evolution não ativado, abra /manager/login nele · server not activated, open /manager/login on it"
)
NOT_STARTED = Label(
    "O servidor Evolution não conseguiu iniciar a conexão.", "The Evolution server could not start the connection."
)


def connected_as(name: str, jid: str) -> Label | None:
    """Which number is connected, where it is known."""
    number = jid.partition("@")[0]
    if not number:
        return None
    who = f"{name} (+{number})" if name else f"+{number}"
    return Label(f"Conectado como {who}.", f"Connected as {who}.")


def closed(reason: Any) -> Connection:
    """A connection that ended for good, by the reason's code: 403 is a refusal by WhatsApp, 401 a log-out."""
    return Connection("failed", FORBIDDEN) if reason == 403 else Connection("disconnected", LOGGED_OUT)
