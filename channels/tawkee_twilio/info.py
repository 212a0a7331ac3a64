"""How the channel presents itself. Limits: twilio.com/docs/messaging."""

from tawkee_core import Capabilities, ChannelInfo, Field, Label, MediaRule

from .api import API, MAX_FILE

MAX_TEXT = 1600
# a phone may get less: carriers shrink images, and take other files up to 600 KB only
IN, SMALL = MediaRule(("*/*",), MAX_FILE), 600 * 1024

INFO = ChannelInfo(
    label=Label("SMS (Twilio)", "SMS (Twilio)"),
    send_semantics="reconcilable",
    connects="token",
    fields=(
        Field(
            "account_sid",
            Label("Account SID", "Account SID"),
            required=True,
            max_length=40,
            help=Label("No painel da Twilio; começa com AC.", "In Twilio's console; begins with AC."),
        ),
        Field(
            "auth_token",
            Label("Auth Token", "Auth Token"),
            kind="secret",
            required=True,
            help=Label("O token da conta, que também assina os webhooks.", "The account's, which signs webhooks too."),
        ),
        Field(
            "sender",
            Label("Número ou serviço de mensagens", "Number or messaging service"),
            required=True,
            max_length=40,
            help=Label("+5511… ou o SID do serviço, MG….", "+1415… or the service's SID, MG…."),
        ),
        Field("api_url", Label("Servidor da API", "API server"), kind="url", default=API),
    ),
    capabilities=Capabilities(
        max_text=MAX_TEXT,
        text_unit="utf16",
        markup="plain",
        media_in={kind: IN for kind in ("image", "audio", "video", "document")},
        media_out={
            "image": MediaRule(("image/jpeg", "image/png", "image/gif"), MAX_FILE),
            "audio": MediaRule(("audio/mpeg", "audio/mp4", "audio/ogg", "audio/amr"), SMALL),
            "video": MediaRule(("video/mp4", "video/3gpp"), SMALL),
            "document": MediaRule(("application/pdf", "text/vcard", "text/csv", "text/calendar"), SMALL),
        },
    ),
)
