"""How the channel presents itself. Limits: developers.facebook.com/docs/whatsapp/cloud-api."""

from tawkee_core import Capabilities, ChannelInfo, Field, Label, MediaRule, Pace

from ..graph import API

MIB = 1024 * 1024
MAX_CAPTION = 1024
AUDIO = ("audio/aac", "audio/amr", "audio/mpeg", "audio/mp4", "audio/ogg")
ANY = MediaRule(("*/*",), 100 * MIB)

INFO = ChannelInfo(
    label=Label("WhatsApp oficial (Meta)", "WhatsApp official (Meta)"),
    send_semantics="reconcilable",
    connects="token",
    fields=(
        Field(
            "phone_number_id",
            Label("ID do número", "Phone number ID"),
            required=True,
            max_length=40,
            help=Label("Painel da Meta → WhatsApp → Configuração da API.", "Meta's panel → WhatsApp → API setup."),
        ),
        Field("business_account_id", Label("ID da conta do WhatsApp", "WhatsApp account ID"), max_length=40),
        Field(
            "token",
            Label("Token permanente", "Permanent token"),
            kind="secret",
            required=True,
            help=Label("De um usuário do sistema.", "Of a system user."),
        ),
        Field(
            "app_secret",
            Label("Segredo do aplicativo", "App secret"),
            kind="secret",
            required=True,
            help=Label("Prova que os eventos vêm da Meta.", "Proves that events come from Meta."),
        ),
        Field(
            "api_url",
            Label("Endereço da Graph API", "Graph API address"),
            kind="url",
            default=API,
            help=Label("Só para testes.", "For tests only."),
        ),
        Field(
            "window_template",
            Label("Modelo para retomar a conversa", "Template that takes a conversation up again"),
            max_length=520,
            help=Label(
                "nome:idioma de um modelo sem parâmetros, enviado quando a resposta da IA vem depois das 24 horas.",
                "name:language of a template without parameters, sent when the AI's answer comes after the 24 hours.",
            ),
        ),
        Field("read_receipts", Label("Confirmar leitura", "Send read receipts"), kind="boolean", default=True),
    ),
    capabilities=Capabilities(
        max_text=4096,
        markup="whatsapp",
        media_in={kind: ANY for kind in ("image", "audio", "video", "document", "sticker")},
        media_out={
            "image": MediaRule(("image/jpeg", "image/png"), 5 * MIB, MAX_CAPTION),
            "audio": MediaRule(
                ("audio/aac", "audio/amr", "audio/mpeg", "audio/mp4", "audio/ogg"), 16 * MIB, max_caption=0
            ),
            "video": MediaRule(("video/mp4", "video/3gpp"), 16 * MIB, MAX_CAPTION),
            "document": MediaRule(("*/*",), 100 * MIB, MAX_CAPTION),
        },
        read_receipts=True,
        buttons=10,
        max_button=20,
        max_choice_text=1024,
        templates=True,
        reply_window_hours=24,
    ),
    pace=Pace(contact_seconds=6.0, burst=10, per_second=80.0),
)
