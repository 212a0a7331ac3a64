"""How the channel presents itself. Limits: developers.mercadolivre.com.br, questions and post-sale messages (2026)."""

from tawkee_core import Capabilities, ChannelInfo, Field, Label, MediaRule, Pace, TextLimit

API = "https://api.mercadolibre.com"
AUTH = "https://auth.mercadolivre.com.br"
QUESTION, PACK = "question", "pack"
MAX_ANSWER = 2000
MAX_MESSAGE = 350
MAX_FILE = 25 * 1024 * 1024

INFO = ChannelInfo(
    label=Label("Mercado Livre", "Mercado Livre"),
    send_semantics="reconcilable",
    connects="oauth",
    fields=(
        Field(
            "client_id",
            Label("ID do aplicativo", "App ID"),
            required=True,
            max_length=40,
            help=Label(
                "Crie um aplicativo em developers.mercadolivre.com.br e cole lá o endereço deste canal.",
                "Make an app at developers.mercadolivre.com.br and paste this channel's address there.",
            ),
        ),
        Field("client_secret", Label("Chave secreta", "Secret key"), kind="secret", required=True),
        Field(
            "api_url",
            Label("Endereço da API", "API address"),
            kind="url",
            default=API,
            help=Label("Só para testes.", "For tests only."),
        ),
    ),
    capabilities=Capabilities(
        max_text=MAX_MESSAGE,
        markup="plain",
        media_in={kind: MediaRule(("*/*",), MAX_FILE) for kind in ("image", "document")},
        media_out={
            "image": MediaRule(("image/jpeg", "image/png"), MAX_FILE),
            "document": MediaRule(("application/pdf", "text/plain"), MAX_FILE),
        },
        text_limits={QUESTION: TextLimit(MAX_ANSWER, parts=1), PACK: TextLimit(MAX_MESSAGE, parts=3)},
    ),
    pace=Pace(per_second=8.0),
)
