"""How the channel presents itself. Limits: core.telegram.org/bots/api and /bots/faq."""

from tawkee_core import Capabilities, ChannelInfo, Field, Label, MediaRule, Pace

MIB = 1024 * 1024
API = "https://api.telegram.org"
MAX_DOWNLOAD = 20 * MIB
MAX_CAPTION = 1024
IN = MediaRule(("*/*",), MAX_DOWNLOAD)

INFO = ChannelInfo(
    label=Label("Telegram", "Telegram"),
    send_semantics="opaque",
    connects="token",
    fields=(
        Field(
            "token",
            Label("Token do bot", "Bot token"),
            kind="secret",
            required=True,
            help=Label("O que o @BotFather deu ao criar o bot.", "What @BotFather gave when the bot was made."),
        ),
        Field(
            "groups",
            Label("Mensagens de grupos", "Group messages"),
            kind="choice",
            default="ignore",
            choices=("ignore", "store"),
            help=Label(
                "store: guardadas, e respondidas só quando o bot é chamado.",
                "store: kept, and answered only when the bot is called.",
            ),
        ),
        Field(
            "api_url",
            Label("Servidor da Bot API", "Bot API server"),
            kind="url",
            default=API,
            help=Label("Só para quem tem um servidor próprio.", "Only for those who run their own."),
        ),
        Field("typing", Label("Mostrar “digitando…”", "Show “typing…”"), kind="boolean", default=True),
    ),
    pace=Pace(contact_seconds=1.0, burst=3, per_second=30.0),
    capabilities=Capabilities(
        max_text=4096,
        text_unit="utf16",
        markup="html",
        media_in={kind: IN for kind in ("image", "audio", "video", "document", "sticker")},
        media_out={
            "image": MediaRule(("image/jpeg", "image/png", "image/webp", "image/gif"), 10 * MIB, MAX_CAPTION),
            "audio": MediaRule(("audio/ogg", "audio/mpeg", "audio/mp4", "audio/x-m4a"), 50 * MIB, MAX_CAPTION),
            "video": MediaRule(("video/mp4",), 50 * MIB, MAX_CAPTION),
            "document": MediaRule(("*/*",), 50 * MIB, MAX_CAPTION),
        },
        typing=True,
        buttons=10,
        max_button=60,
        groups=True,
    ),
)
