"""How the channel presents itself. Limits: developer.z-api.io."""

from tawkee_core import UNOFFICIAL_FIELDS, Capabilities, ChannelInfo, Field, Label, MediaRule, Pace

from .api import API, MAX_FILE, MIB

ANY = MediaRule(("*/*",), MAX_FILE)
MAX_BUTTONS = 3

FIELDS = (
    Field(
        "instance_id",
        Label("ID da instância", "Instance ID"),
        required=True,
        max_length=100,
        help=Label("No painel da Z-API, em Instâncias.", "In Z-API's panel, under Instances."),
    ),
    Field("token", Label("Token da instância", "Instance token"), kind="secret", required=True),
    Field(
        "client_token",
        Label("Token de segurança da conta", "Account security token"),
        kind="secret",
        help=Label(
            "O Client-Token, no painel em Segurança. Recomendado; obrigatório quando ativado lá.",
            "The Client-Token, in the panel under Security. Recommended; required once it is activated there.",
        ),
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
    Field("api_url", Label("Servidor", "Server"), kind="url", default=API),
)

INFO = ChannelInfo(
    label=Label("WhatsApp (Z-API)", "WhatsApp (Z-API)"),
    send_semantics="opaque",
    connects="qr",
    fields=FIELDS,
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
        read_receipts=True,
        buttons=MAX_BUTTONS,
        max_button=20,
        groups=True,
        opens_whatsapp=True,
    ),
    risk=Label(
        "Conexão não oficial: o WhatsApp pode restringir o número. Use um número só para atendimento.",
        "Unofficial connection: WhatsApp may restrict the number. Use a number kept for customer service.",
    ),
)
