"""A small shop to try Tawkee with: a user, an agent that was taught a few facts, and a chat page."""

import json
import os
import secrets
import time
from pathlib import Path
from typing import Any

from .accounts.register import register_person
from .agents.lifecycle import create_agent
from .agents.settings import change_agent_settings
from .agents.trainings import add_training
from .channels.setup import create_channel
from .context import Tawkee
from .db import connection, run

EMAIL = "demo@tawkee.local"
AGENT = {
    "name": "Lia",
    "type": "SUPPORT",
    "communication_style": "NORMAL",
    "job_name": "Café Aurora",
    "job_site": "https://cafe-aurora.example",
    "job_description": "Cafeteria e torrefação em Belo Horizonte. Vende cafés especiais em grãos e moídos, com"
    " entrega em todo o Brasil.",
    "behavior": "Seja simpática e direta. Quando souber o preço, diga-o.",
}
TRAININGS = (
    (
        "Horário",
        "O Café Aurora abre de segunda a sexta das 8h às 19h e aos sábados das 9h às 14h. Não abre aos domingos e"
        " feriados.",
    ),
    (
        "Endereço",
        "A loja fica na Rua dos Timbiras, 1532, no bairro de Lourdes, em Belo Horizonte. Há bicicletário na porta.",
    ),
    (
        "Entrega",
        "A entrega para Belo Horizonte leva 1 dia útil e custa R$ 9,90. Para o resto do Brasil leva de 3 a 7 dias"
        " úteis.",
    ),
    ("Frete grátis", "O frete é grátis em compras acima de R$ 150,00 para todo o Brasil."),
    (
        "Pagamento",
        "O pagamento pode ser feito com Pix, cartão de crédito em até 3 vezes sem juros, ou boleto. O Pix tem 5% de"
        " desconto.",
    ),
    (
        "Troca",
        "Você pode trocar ou devolver o produto em até 7 dias após o recebimento. O frete da devolução é por nossa"
        " conta.",
    ),
    (
        "Café da casa",
        "O Blend Aurora, nosso café da casa, tem notas de chocolate e caramelo e custa R$ 42,00 o pacote de 250 g.",
    ),
    ("Moagem", "Moemos o café na hora, sem custo: para coador, prensa francesa, cafeteira italiana ou espresso."),
    (
        "Assinatura",
        "A assinatura mensal entrega 500 g de café fresco por R$ 79,00, com frete grátis, e pode ser cancelada quando"
        " quiser.",
    ),
    (
        "Opening hours",
        "Café Aurora is open Monday to Friday from 8am to 7pm and Saturday from 9am to 2pm. It is closed on Sundays.",
    ),
    (
        "Shipping",
        "Delivery in Belo Horizonte takes 1 business day and costs R$ 9.90; the rest of Brazil takes 3 to 7 business"
        " days.",
    ),
)
CHAT = {
    "title": "Café Aurora",
    "greeting_pt": "Olá! Eu sou a Lia, do Café Aurora. Como posso ajudar?",
    "greeting_en": "Hi! I am Lia, from Café Aurora. How can I help?",
    "color": "#7a4a21",
}


def demo_file(tawkee: Tawkee) -> Path:
    """Where the demo's password is kept, for its owner to read."""
    return Path(tawkee.settings.data) / "demo.json"


def find_demo(tawkee: Tawkee) -> dict[str, Any] | None:
    """The demo's `email`, `password` and `channel_id`, while its channel exists."""
    path = demo_file(tawkee)
    if not path.is_file():
        return None
    demo: dict[str, Any] = json.loads(path.read_text())
    rows = run("select 1 as one from channel where id = %s and deleted_at is null", (demo["channel_id"],))
    return demo if rows else None


def ensure_demo(tawkee: Tawkee) -> dict[str, Any]:
    """The demo, made now when it is not there."""
    demo = find_demo(tawkee)
    return demo if demo is not None else make_demo(tawkee)


def await_demo(demo: dict[str, Any], seconds: float) -> None:
    """Wait until a worker has taught the demo's agent, which cannot answer before; at most so long."""
    deadline = time.monotonic() + seconds
    waiting = "select 1 as one from training where agent_id = %s and status in ('PENDING', 'TRAINING') limit 1"
    while time.monotonic() < deadline and run(waiting, (demo["agent_id"],)):
        time.sleep(0.1)


def make_demo(tawkee: Tawkee) -> dict[str, Any]:
    email, password = free_email(), secrets.token_urlsafe(12)
    signed = register_person(tawkee.settings, "Demo", email, password, "Café Aurora")
    run("update account_user set email_confirmed_at = now() where id = %s", (signed.user["id"],))  # there is no mailbox
    assert signed.workspace is not None, "registering makes a workspace"
    workspace_id = signed.workspace["id"]
    with connection():
        agent = create_agent(workspace_id, AGENT)
        change_agent_settings(tawkee, workspace_id, agent.id, {"message_grouping_time": 0})
        for title, text in TRAININGS:
            add_training(tawkee, workspace_id, agent.id, {"type": "TEXT", "title": title, "text": text})
    channel = create_channel(tawkee, workspace_id, agent.id, "webchat", "Site", CHAT)
    demo = {
        "email": email,
        "password": password,
        "workspace_id": workspace_id,
        "agent_id": agent.id,
        "channel_id": channel.id,
    }
    keep_demo(demo_file(tawkee), demo)
    return demo


def free_email() -> str:
    """The demo's address; another where an earlier demo's account is left."""
    taken = run("select 1 as one from account_user where lower(email) = %s", (EMAIL,))
    return EMAIL if not taken else f"demo-{secrets.token_hex(3)}@tawkee.local"


def keep_demo(path: Path, demo: dict[str, Any]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as file:
        json.dump(demo, file)


def describe_demo(demo: dict[str, Any]) -> str:
    """What to tell whoever started the demo."""
    from .context import current

    url = current().settings.public_url.rstrip("/")
    return f"demo chat: {url}/chat/{demo['channel_id']}\ndemo user: {demo['email']}  password: {demo['password']}"
