"""Whether settings can be meant: what would stop a process later, or quietly do nothing, is told at the start."""

import math
import os
from base64 import urlsafe_b64decode
from collections.abc import Mapping
from dataclasses import fields
from difflib import get_close_matches
from ipaddress import ip_network
from urllib.parse import urlsplit

import structlog

from .errors import BadInput
from .settings import PREFIX, SETTINGS, Settings, split_list

POSTGRES, REDIS, WEB = ("postgres", "postgresql"), ("redis", "rediss", "unix"), ("http", "https")
SCHEMES = {
    "database_url": POSTGRES,
    "redis_url": REDIS,
    "qdrant_url": WEB,
    "public_url": WEB,
    "app_url": WEB,
}
CHOICES = {"log_level": ("DEBUG", "INFO", "WARNING", "ERROR"), "log_format": ("json", "console")}
MAY_BE_NOTHING = ("prepared_statements", "trusted_proxies", "metrics_port", "restore_days")
RATES = ("rate_sign_in", "rate_visitors", "rate_api")
SECRET_LENGTH = 32
log = structlog.get_logger()


def check_settings(settings: Settings) -> None:
    """Raises BadInput, which tells of every setting that cannot be meant, and shows the value of none that is
    secret."""
    wrong = [
        *wrong_numbers(settings),
        *wrong_urls(settings),
        *wrong_choices(settings),
        *wrong_secrets(settings),
        *wrong_rates(settings),
        *wrong_networks(settings),
    ]
    if wrong:
        raise BadInput("\n".join(wrong))


def name_of(field: str) -> str:
    return PREFIX + field.upper()


def wrong_numbers(settings: Settings) -> list[str]:
    wrong = []
    for field in fields(Settings):
        value = getattr(settings, field.name)
        if not isinstance(value, int | float):
            continue
        least = "0 or more" if field.name in MAY_BE_NOTHING else "above 0"
        if not math.isfinite(value) or value < 0 or (value == 0 and field.name not in MAY_BE_NOTHING):
            wrong.append(f"{name_of(field.name)} must be {least}, not {value}.")
    if settings.metrics_port > 65535:
        wrong.append(f"TAWKEE_METRICS_PORT must be a port, up to 65535, not {settings.metrics_port}.")
    return wrong


def wrong_urls(settings: Settings) -> list[str]:
    wrong = []
    for field, schemes in SCHEMES.items():
        value = getattr(settings, field)
        if value and not is_url(value, schemes):
            wrong.append(f"{name_of(field)} must be an address that begins with {'://, '.join(schemes)}://")
    return wrong


def is_url(value: str, schemes: tuple[str, ...]) -> bool:
    try:
        parts = urlsplit(value)
        parts.port  # noqa: B018 - reading it is what tells whether it is one
    except ValueError:
        return False
    return parts.scheme in schemes and (bool(parts.netloc) or schemes is not WEB)


def wrong_choices(settings: Settings) -> list[str]:
    given = {"log_level": settings.log_level.upper(), "log_format": settings.log_format}
    return [
        f"{name_of(field)} must be one of {', '.join(choices)}, not {given[field]!r}."
        for field, choices in CHOICES.items()
        if given[field] not in choices
    ]


def wrong_secrets(settings: Settings) -> list[str]:
    wrong = []
    if settings.secret_key and len(settings.secret_key) < SECRET_LENGTH:
        wrong.append(f"TAWKEE_SECRET_KEY must have at least {SECRET_LENGTH} characters.")
    if not all(is_fernet(key) for key in split_list(settings.keys)):
        wrong.append("TAWKEE_KEYS must be Fernet keys, by comma; `tawkee keys new` prints one.")
    return wrong


def is_fernet(key: str) -> bool:
    try:
        return len(urlsafe_b64decode(key)) == 32
    except ValueError:
        return False


def wrong_rates(settings: Settings) -> list[str]:
    return [
        f"{name_of(field)} must be such as '20 per minute; 200 per hour', not {value!r}."
        for field in RATES
        if (value := getattr(settings, field)) != getattr(Settings, field) and value and not is_rate(value)
    ]


def is_rate(value: str) -> bool:
    from limits import parse_many  # only where a rate was chosen: the launcher stays small

    try:
        return bool(parse_many(value))
    except ValueError:
        return False


def wrong_networks(settings: Settings) -> list[str]:
    wrong = []
    for each in split_list(settings.unlimited_hosts):
        try:
            ip_network(each, strict=False)
        except ValueError:
            wrong.append(f"TAWKEE_UNLIMITED_HOSTS: {each!r} is neither an address nor a CIDR.")
    return wrong


def find_misspelt(environ: Mapping[str, str]) -> dict[str, str]:
    """The variables that are no setting, but nearly one: what each was probably meant to be."""
    known = [setting.name.removeprefix(PREFIX) for setting in SETTINGS]
    strange = [name.removeprefix(PREFIX) for name in environ if name.startswith(PREFIX)]
    near = {name: get_close_matches(name, known, 1, 0.85) for name in strange if name not in known}
    return {PREFIX + name: PREFIX + found[0] for name, found in near.items() if found}


def warn_misspelt() -> None:
    """Tell the log of variables of this process that do nothing."""
    for name, meant in find_misspelt(os.environ).items():
        log.warning("setting_unknown", name=name, meant=meant)
