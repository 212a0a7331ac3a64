"""What the owner of an Instagram account or a page fills in."""

from tawkee_core import Field, Label


def account_fields(api: str) -> tuple[Field, ...]:
    """The fields, with the address of the API that this kind of account is reached at."""
    return (
        Field("token", Label("Token de acesso", "Access token"), kind="secret", required=True),
        Field(
            "app_secret",
            Label("Segredo do aplicativo", "App secret"),
            kind="secret",
            required=True,
            help=Label("Prova que os eventos vêm da Meta.", "Proves that events come from Meta."),
        ),
        Field("account_id", Label("ID da conta", "Account ID"), max_length=40),
        Field("app_id", Label("ID do aplicativo", "App ID"), max_length=40),
        Field(
            "api_url",
            Label("Endereço da API", "API address"),
            kind="url",
            default=api,
            help=Label("Só para testes.", "For tests only."),
        ),
        Field("typing", Label("Mostrar “digitando…”", "Show “typing…”"), kind="boolean", default=True),
        Field("read_receipts", Label("Confirmar leitura", "Send read receipts"), kind="boolean", default=True),
    )
