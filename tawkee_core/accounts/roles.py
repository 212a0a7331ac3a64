"""What the roles are worth to each other: who may give which, and how people call them."""

from ..errors import Forbidden

GIVEN = ("MANAGER", "TRAINER", "ATTENDANT")  # the highest first; nobody is made an owner
LABELS = {
    "pt-BR": {"OWNER": "dono", "MANAGER": "gerente", "TRAINER": "treinador", "ATTENDANT": "atendente"},
    "en": {"OWNER": "owner", "MANAGER": "manager", "TRAINER": "trainer", "ATTENDANT": "attendant"},
}


def check_gift(giver: str | None, role: str) -> None:
    """Raise Forbidden unless a person with the giver's role may give this one: none above one's own."""
    ranks = {"OWNER": 0, **{name: place for place, name in enumerate(GIVEN)}}
    if role not in GIVEN or giver not in ranks or ranks[giver] > ranks[role]:
        raise Forbidden("Your role does not allow to give this one.", slug="role_too_high")
