"""Fields that several kinds of channels have, because the core acts on them."""

from .types import Field, Label

CONTACT_SECONDS = Field(
    "contact_seconds",
    Label("Segundos entre mensagens à mesma pessoa", "Seconds between messages to one person"),
    kind="number",
    default=6,
)
WARMUP_CONTACTS = Field(
    "warmup_contacts",
    Label("Pessoas por dia no começo", "People a day at first"),
    kind="number",
    default=100,
    help=Label(
        "A quantas pessoas um número novo escreve no primeiro dia; a cada dia, outras tantas, por uma semana. O resto"
        " espera. 0 para um número que já é usado há tempo.",
        "How many people a new number writes to on its first day; as many more each day, for a week. The rest waits."
        " 0 for a number that has been in use for long.",
    ),
)
UNOFFICIAL_FIELDS = (CONTACT_SECONDS, WARMUP_CONTACTS)
