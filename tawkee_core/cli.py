"""The `tawkee` command. Only what a command needs is imported, so that the launcher stays small."""

import json
import os
import sys
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from collections.abc import Callable

    from flask import Flask

    from .settings import Settings


def make_app() -> "Flask":
    from .app import create_app

    return create_app()


class Commands(click.Group):
    """Commands that say in a line what kept them from their work."""

    def invoke(self, ctx: click.Context) -> Any:
        try:
            return super().invoke(ctx)
        except (click.ClickException, click.exceptions.Exit, click.Abort):
            raise
        except Exception as error:  # told in a line where we know what it is, else raised again
            words = explain(error)
            if words is None:
                raise
            raise click.ClickException(words) from error


def explain(error: Exception) -> str | None:
    """What to tell people of an error that is no fault of ours; None of any other."""
    from .embedded.children import StartError
    from .errors import TawkeeError

    if isinstance(error, TawkeeError | StartError | FileNotFoundError | PermissionError):
        return str(error)
    if "OperationalError" in (each.__name__ for each in type(error).__mro__):  # what the database is reached with
        words = str(error).strip().partition("\n")[0]
        return f"{words}\nIs PostgreSQL there? TAWKEE_DATABASE_URL names it, or --data the folder of a `tawkee up`."
    return None


@click.group(cls=Commands)
@click.version_option(package_name="tawkee")
def main() -> None:
    """AI agents that answer your customers, and people who can take over at any moment."""
    log_to_stderr()


def log_to_stderr() -> None:
    """Keep standard output for what a command tells. What runs the product gives its logs their own form later."""
    import structlog

    if not structlog.is_configured():
        structlog.configure(logger_factory=lambda *_: structlog.PrintLogger(sys.stderr))


DATA = click.option(
    "--data",
    type=click.Path(path_type=Path),
    default=Path(".tawkee"),
    show_default=True,
    envvar="TAWKEE_DATA",
    help="Folder.",
)


@main.command()
@click.option("--port", default=8000, show_default=True, help="Where it answers.")
@click.option("--host", default="127.0.0.1", show_default=True, help="On which address of this machine.")
@DATA
@click.option("--demo", is_flag=True, help="With a small shop's agent to chat with.")
@click.option("--workers", type=click.IntRange(0), default=1, show_default=True, help="Worker processes.")
def up(port: int, host: str, data: Path, demo: bool, workers: int) -> None:
    """Run everything: the servers that no TAWKEE_*_URL names, the web application and the workers."""
    from .check_settings import find_misspelt
    from .embedded import launcher

    checked_settings()
    for name, meant in find_misspelt(os.environ).items():
        click.echo(f"{name} is no setting and does nothing; is {meant} meant?", err=True)
    sys.exit(launcher.up(port=port, host=host, data=data, demo=demo, workers=workers))


@main.command()
def migrate() -> None:
    """Bring the database's schema up to date."""
    from . import db
    from .channels.load import are_keys_right

    settings = checked_settings()
    db.open_database(settings)  # all it needs: the whole application takes three times as long to import
    applied = db.migrate()
    click.echo("\n".join(f"applied {name}" for name in applied) or "the schema is up to date")
    if settings.keys and not are_keys_right(settings):
        click.echo("warning: TAWKEE_KEYS opens no channel's credentials: give the keys that they were encrypted with")


@main.command()
def work() -> None:
    """Run a worker, which writes the replies, until it is told to stop."""
    from .work.worker import work as run_worker

    run_worker(make_app())


@main.command()
@click.option("--wait", default=0.0, show_default=True, help="Seconds to wait for a worker to teach the agent.")
def demo(wait: float) -> None:
    """Make the demo's shop, agent and chat page, or tell where they are."""
    from .demo import await_demo, describe_demo, ensure_demo

    app = make_app()
    with app.app_context():
        made = ensure_demo(app.extensions["tawkee"])
        await_demo(made, wait)
        click.echo(describe_demo(made))


@main.command()
def plugins() -> None:
    """List what is installed, and what is broken and why."""
    from .plugins import load_plugins
    from .settings import read_settings

    for report in load_plugins(read_settings()).report():
        hooks = ", ".join(report.hooks) or "no hooks: are its functions marked @hookimpl?"
        state = f"BROKEN: {report.broken}" if report.broken else hooks
        click.echo(f"{report.name}  {report.version or '-'}  ({report.distribution or 'given'})\n    {state}")


@main.group()
def keys() -> None:
    """The keys that stored secrets are encrypted with."""


@keys.command("new")
def new_key() -> None:
    """Print a fresh key, to be put before the others in TAWKEE_KEYS."""
    from cryptography.fernet import Fernet

    click.echo(Fernet.generate_key().decode())


@keys.command("add")
@DATA
def add_key(data: Path) -> None:
    """Put a fresh key before the others of a `tawkee up` data folder; it counts from its next start."""
    from .embedded.keys import prepend_key

    count = prepend_key(data)
    click.echo(f"{count} keys; start `tawkee up` again, then `tawkee keys rotate`")


@keys.command("rotate")
@DATA
def rotate(data: Path) -> None:
    """Encrypt every stored secret with the first key, while everything runs. Fails while one is left."""
    rotate_all(data)


@keys.command("drop")
@DATA
def drop_keys(data: Path) -> None:
    """Rotate, then forget all but the first key of a running `tawkee up` data folder."""
    from .embedded.keys import keep_first

    rotate_all(data)
    click.echo(f"{keep_first(data)} older keys are forgotten from the next start of `tawkee up`")


def rotate_all(data: Path) -> None:
    """Rotate where the environment says, else in the `tawkee up` that runs on a folder. Raises ClickException."""
    from .db import LOST
    from .embedded.children import StartError
    from .embedded.keys import check_started
    from .work.rotate import rotate_keys

    try:
        if not os.environ.get("TAWKEE_DATABASE_URL"):
            check_started(data)
        told = rotate_keys(open_settings(data))
    except (StartError, *LOST) as error:
        raise click.ClickException(str(error).strip()) from error
    for each in told:
        click.echo(each.describe())
    if any(each.changed or each.unreadable for each in told):
        raise click.ClickException("not all are encrypted with the first key: keep the older keys, and try again")


@main.group()
def channel() -> None:
    """Tools for whoever writes a channel."""


@channel.command()
@click.argument("kind")
@click.argument("files", nargs=-1, required=True, metavar="FILE...", type=click.Path(path_type=Path))
@click.option("--config", multiple=True, metavar="KEY=VALUE", help="A field of its configuration; repeatable.")
def parse(kind: str, files: tuple[Path, ...], config: tuple[str, ...]) -> None:
    """Print what a channel reads out of payload files, one JSON line a file: {file, events} or {file, error}.

    Needs no server, no setting and no secret. A form may be given as it was posted, or as a flat JSON object; the file
    `-` is standard input. A file that cannot be read is told in its line, and is no failure of the command."""
    from .channels.try_parse import to_line, try_files
    from .errors import UnknownPlugin
    from .plugins import load_plugins
    from .settings import Settings

    try:
        for told in try_files(load_plugins(Settings()), kind, files, read_pairs(config)):
            click.echo(to_line(told))
    except UnknownPlugin as error:
        raise click.UsageError(f"{error} `tawkee plugins` lists what is.") from error


def read_pairs(pairs: tuple[str, ...]) -> dict[str, str]:
    """KEY=VALUE options as a dict. Raises UsageError."""
    for pair in pairs:
        if "=" not in pair:
            raise click.UsageError(f"{pair!r} is not KEY=VALUE.")
    return {key: value for key, _, value in (pair.partition("=") for pair in pairs)}


@main.group()
def plugin() -> None:
    """Tools for whoever writes a plugin."""


@plugin.group()
def new() -> None:
    """Write a working plugin to begin with."""


@new.command("channel")
@click.argument("kind")
@click.option("--into", type=click.Path(file_okay=False, path_type=Path), default=Path("."), help="Folder.")
def new_channel(kind: str, into: Path) -> None:
    """Write tawkee_KIND: a channel with signed webhooks, sends by POST, and the conformance tests, all green."""
    from .testing.new_plugin import write_channel

    try:
        made = write_channel(kind, into)
    except OSError as error:
        raise click.ClickException(str(error)) from error
    click.echo(f"{made} is ready:\n  cd {made}\n  pip install -e '.[test]'\n  pytest")


def checked_settings(given: "dict[str, str] | None" = None) -> "Settings":
    """The environment's settings, over them those given. Raises BadInput for one that cannot be meant."""
    from .check_settings import check_settings
    from .settings import read_settings

    settings = read_settings(given)
    check_settings(settings)
    return settings


def open_settings(data: Path) -> "Settings":
    """The environment's settings, else those of the `tawkee up` that runs on a folder, with its database open."""
    from . import db
    from .embedded.servers import running_settings

    settings = checked_settings(None if os.environ.get("TAWKEE_DATABASE_URL") else running_settings(data))
    db.open_database(settings)
    return settings


@main.command()
@click.argument("email")
@DATA
def unlock(email: str, data: Path) -> None:
    """Let a person in again who lost their second factor, and mails to them again. Be sure who asks you.

    Two factors are switched off and all their sessions ended, of which a mail tells them; the password stays. An
    address that bounced or complained gets mails again."""
    from .accounts.unlock import unlock_person

    for done in unlock_person(open_settings(data), email) or ["nothing was locked"]:
        click.echo(f"{email}: {done}")


@main.group()
def dead() -> None:
    """Work that was given up: webhooks not read, turns not answered, messages not sent, texts not learnt."""


@dead.command("list")
@click.option("--kind", type=click.Choice(["event", "turn", "send", "training"]), help="Only these.")
@click.option("--limit", type=click.IntRange(1), default=50, show_default=True, help="At most so many.")
@click.option("--json", "as_json", is_flag=True, help="One JSON object a line.")
@DATA
def list_given_up(kind: str | None, limit: int, as_json: bool, data: Path) -> None:
    """List what was given up, the latest first."""
    from .conversation.dead import list_dead

    open_settings(data)
    rows = list_dead(kind, limit)
    for row in rows:
        line = "{kind:8}  {id}  {since:%Y-%m-%d %H:%M:%S}  tries {attempts}  {reason}"
        click.echo(json.dumps(row, default=str) if as_json else line.format(**row))
    if not rows and not as_json:
        click.echo("nothing is dead")


@dead.command()
@click.argument("id")
@DATA
def show(id: str, data: Path) -> None:
    """Show all that is kept of one, as JSON; a webhook's body too, which holds what people wrote."""
    from .conversation.dead import show_dead

    open_settings(data)
    row = show_dead(id)
    body = row.pop("body", None)
    if body is not None:
        row["body"] = bytes(body).decode("utf-8", "replace")
    click.echo(json.dumps(row, default=str, indent=1, ensure_ascii=False))


@dead.command()
@click.argument("ids", nargs=-1, required=True, metavar="ID...")
@DATA
def retry(ids: tuple[str, ...], data: Path) -> None:
    """Let them be tried again at once. A turn gives its chat back to the AI, unless a person looks after it."""
    from .context import Tawkee
    from .conversation.dead import retry_dead
    from .plugins import Plugins

    tawkee = Tawkee(open_settings(data), Plugins())
    decide(ids, partial(retry_dead, tawkee), "is tried again")


@dead.command()
@click.argument("ids", nargs=-1, required=True, metavar="ID...")
@DATA
def discard(ids: tuple[str, ...], data: Path) -> None:
    """Give them up for good; they stay in their tables and in the audit log."""
    from .conversation.dead import discard_dead

    open_settings(data)
    decide(ids, discard_dead, "is discarded")


def decide(ids: tuple[str, ...], step: "Callable[[str], str]", done: str) -> None:
    """Do a step with each, also when it could not be done with another. Exits with 1 where it could not."""
    from .errors import TawkeeError

    failed = False
    for id in ids:
        try:
            click.echo(f"{step(id)} {id} {done}")
        except TawkeeError as error:
            failed = True
            click.echo(f"Error: {id}: {error}", err=True)
    if failed:
        raise click.exceptions.Exit(1)


@main.command()
@click.argument("name", metavar="ID")
@click.option("--json", "as_json", is_flag=True, help="One JSON object a line.")
@DATA
def trace(name: str, as_json: bool, data: Path) -> None:
    """Print a message's whole life: webhook, turns, models asked, answers, tries to send, statuses, takeovers.

    ID is the message's, ours or its provider's, or that of its turn, its sending or its webhook."""
    from .conversation.trace import trace_message

    open_settings(data)
    for step in trace_message(name):
        if as_json:
            click.echo(json.dumps({**step._asdict()}, default=str))
        else:
            words = "  ".join(f"{key}={value}" for key, value in step.told.items())
            click.echo(f"{step.at:%Y-%m-%d %H:%M:%S.%f}  {step.what:8}{step.did:10}  {step.id}  {words}")


if __name__ == "__main__":
    main()
