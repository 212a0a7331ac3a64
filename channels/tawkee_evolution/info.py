"""How the channel presents itself."""

from tawkee_core import UNOFFICIAL_FIELDS, Capabilities, ChannelInfo, Field, Label, MediaRule, Pace

from .send import MAX_FILE

MIB = 1024 * 1024
ANY = MediaRule(("*/*",), MAX_FILE)

INFO = ChannelInfo(
    label=Label("WhatsApp (Evolution API)", "WhatsApp (Evolution API)"),
    send_semantics="reconcilable",
    connects="qr",
    fields=(
        Field(
            "base_url",
            Label("Endereço do servidor", "Server address"),
            kind="url",
            required=True,
            help=Label("Ex.: https://evolution.suaempresa.com.br", "E.g. https://evolution.yourcompany.com"),
        ),
        Field(
            "api_key",
            Label("Chave da API", "API key"),
            kind="secret",
            required=True,
            help=Label(
                "A chave global (AUTHENTICATION_API_KEY), ou o token de uma instância que já existe.",
                "The global key (AUTHENTICATION_API_KEY), or the token of an instance that exists already.",
            ),
        ),
        Field(
            "instance",
            Label("Nome da instância", "Instance name"),
            max_length=100,
            help=Label("Vazio: uma nova é criada.", "Empty: a new one is made."),
        ),
        Field(
            "groups",
            Label("Mensagens de grupos", "Group messages"),
            kind="choice",
            default="ignore",
            choices=("ignore", "store"),
            help=Label(
                "store: guardadas, e respondidas só quando o número é mencionado.",
                "store: kept, and answered only when the number is mentioned.",
            ),
        ),
        *UNOFFICIAL_FIELDS,
        Field("typing", Label("Mostrar “digitando…”", "Show “typing…”"), kind="boolean", default=True),
        Field("read_receipts", Label("Confirmar leitura", "Send read receipts"), kind="boolean", default=True),
    ),
    pace=Pace(contact_seconds=6.0, burst=3),
    unofficial=True,
    capabilities=Capabilities(
        max_text=4096,
        markup="whatsapp",
        media_in={kind: ANY for kind in ("image", "audio", "video", "document", "sticker")},
        media_out={
            "image": MediaRule(("image/jpeg", "image/png", "image/webp", "image/gif"), 16 * MIB),
            "audio": MediaRule(("audio/*",), 16 * MIB, max_caption=0),
            "video": MediaRule(("video/mp4", "video/3gpp", "video/quicktime"), 16 * MIB),
            "document": ANY,
            "sticker": MediaRule(("image/webp",), MIB, max_caption=0),
        },
        typing=True,
        read_receipts=True,
        groups=True,
        opens_whatsapp=True,
    ),
    risk=Label(
        "Conexão não oficial: o WhatsApp pode restringir o número. Use um número só para atendimento.",
        "Unofficial connection: WhatsApp may restrict the number. Use a number kept for customer service.",
    ),
)
