"""Every setting, with its default and what it does. Each is read from the environment as TAWKEE_<NAME>."""

import os
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from typing import Any, NamedTuple

from .errors import BadInput

PREFIX = "TAWKEE_"


def setting(default: Any, help: str, secret: bool = False) -> Any:
    return field(default=default, repr=not secret, metadata={"help": help, "secret": secret})


@dataclass(frozen=True)
class Settings:
    """The values this process runs with."""

    database_url: str = setting(
        "", "PostgreSQL to use. `tawkee up` starts one of its own when this is empty.", secret=True
    )
    redis_url: str = setting(
        "", "Redis to use; it carries hints only. `tawkee up` starts one when this is empty.", secret=True
    )
    qdrant_url: str = setting("", "Qdrant to use. `tawkee up` starts a small vector service when this is empty.")
    qdrant_api_key: str = setting("", "The key Qdrant asks for.", secret=True)
    data: str = setting(".tawkee", "Folder for received files and, under `tawkee up`, for the embedded servers.")
    secret_key: str = setting("", "Signs access tokens; at least 32 characters. `tawkee up` makes one.", secret=True)
    keys: str = setting(
        "", "Fernet keys that encrypt stored secrets, newest first, by comma. `tawkee up` makes one.", secret=True
    )
    public_url: str = setting("http://127.0.0.1:8000", "Where people and providers reach this installation.")
    app_url: str = setting("", "Where the links in mails lead: your frontend; empty: this server's own small pages.")
    private_hosts: str = setting("", "Hosts on private addresses that channels may call: names or CIDRs, by comma.")
    cors_origins: str = setting("", "Origins of your frontend that may call the API from a browser, by comma.")
    blocked_plugins: str = setting("", "Names of installed plugins that are not to be loaded, by comma.")
    vectors: str = setting("qdrant", "The plugin that keeps vectors.")
    model: str = setting("", "The model of agents that chose none; empty takes the first one available.")
    fallback_model: str = setting("", "The model asked when an agent's own fails; empty asks none.")
    embedding: str = setting("offline/use-multilingual-v3", "The model that embeds knowledge.")
    transcription: str = setting("", "The model that writes down audios; empty leaves them as audios.")
    mail: str = setting("", "The plugin that sends mails; empty writes them into the data folder.")
    mail_from: str = setting("Tawkee <no-reply@localhost>", "The sender of mails: `name <address>`.")
    mail_reply_to: str = setting("", "Where answers to mails go; empty: to the sender.")
    mail_url: str = setting("", "The mail server, e.g. smtps://user:password@host; empty takes the plugin's own.", True)
    mail_key: str = setting("", "The key that the mail plugin's provider asks for.", secret=True)
    mail_webhook_secret: str = setting("", "Signs the mail provider's webhooks: bounces, complaints.", secret=True)
    worker_threads: int = setting(200, "Turns one worker process holds in flight.")
    database_connections: int = setting(20, "Connections one process opens to PostgreSQL at most.")
    prepared_statements: int = setting(1, "0 where PgBouncer hands out connections by transaction: plan each time.")
    lease_seconds: float = setting(30.0, "How long a turn stays with a worker that stopped answering.")
    turn_seconds: float = setting(45.0, "Time budget of one turn: prompt, models and tools.")
    model_seconds: float = setting(20.0, "How long one model call may take.")
    poll_seconds: float = setting(0.25, "How often due work is looked for when nobody rings.")
    redispatch_seconds: float = setting(5.0, "After how long unclaimed work is dispatched again.")
    leader_seconds: float = setting(3.0, "How long a dispatcher's lease lasts without being renewed.")
    reconcile_seconds: float = setting(5.0, "How long to wait for an echo before looking up an unconfirmed message.")
    give_up_seconds: float = setting(600.0, "How long a failing turn is tried before a person is asked.")
    stop_seconds: float = setting(50.0, "How long a worker that is told to stop goes on with what it holds.")
    access_minutes: int = setting(10, "Life of an access token.")
    refresh_days: int = setting(30, "Life of a session that is not used.")
    restore_days: int = setting(7, "How long a deleted workspace can be brought back before all of it is erased.")
    invitation_days: int = setting(7, "How long an invitation to a team can be accepted.")
    trusted_proxies: int = setting(0, "How many proxies of yours stand before Tawkee and add to X-Forwarded-For.")
    rate_sign_in: str = setting(
        "20 per minute; 200 per hour", "Registrations, sign-ins and mails asked for from one address; empty: no limit."
    )
    rate_visitors: str = setting("30 per minute; 300 per hour", "Web chat sessions begun from one address.")
    rate_api: str = setting("1200 per minute", "Other API requests from one address.")
    unlimited_hosts: str = setting(
        "127.0.0.0/8, ::1", "Addresses or CIDRs that these three do not count: this machine, or a proxy not told of."
    )
    max_body_bytes: int = setting(4 * 1024 * 1024, "Largest webhook or request body taken, uploads aside.")
    max_upload_bytes: int = setting(16 * 1024 * 1024, "Largest file taken from a person or a visitor.")
    metrics_token: str = setting(
        "", "What /metrics asks for as a bearer token; without one it answers this machine alone.", secret=True
    )
    metrics_port: int = setting(0, "Where a worker tells its own counts, under /metrics; 0: nowhere.")
    metrics_host: str = setting("127.0.0.1", "On which address of its machine it does.")
    log_level: str = setting("INFO", "DEBUG, INFO, WARNING or ERROR.")
    log_format: str = setting("json", "json, or console for people.")


class Setting(NamedTuple):
    """One line of the settings' page."""

    name: str
    default: Any
    help: str


SETTINGS = tuple(Setting(PREFIX + f.name.upper(), f.default, f.metadata["help"]) for f in fields(Settings))


def read_settings(given: Mapping[str, Any] | None = None, environ: Mapping[str, str] | None = None) -> Settings:
    """Settings from the environment, overridden by `given` (names in lower case). Raises BadInput on a value of the
    wrong type."""
    environ = os.environ if environ is None else environ
    values: dict[str, Any] = {}
    for each in fields(Settings):
        name = PREFIX + each.name.upper()
        if name in environ:
            values[each.name] = convert(name, environ[name], type(each.default))
    return Settings(**values | dict(given or {}))


def convert(name: str, value: str, kind: type) -> Any:
    try:
        return kind(value)
    except ValueError as error:
        raise BadInput(f"{name} must be {'a whole number' if kind is int else 'a number'}, not {value!r}.") from error


def split_list(value: str) -> tuple[str, ...]:
    """The non-empty parts of a comma-separated setting."""
    return tuple(part.strip() for part in value.split(",") if part.strip())
