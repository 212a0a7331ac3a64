"""The `tawkee` command. Only what a command needs is imported, so that the launcher stays small."""

import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from flask import Flask


def make_app() -> "Flask":
    from .app import create_app

    return create_app()


@click.group()
@click.version_option(package_name="tawkee")
def main() -> None:
    """AI agents that answer your customers, and people who can take over at any moment."""


@main.command()
@click.option("--port", default=8000, show_default=True, help="Where it answers.")
@click.option("--host", default="127.0.0.1", show_default=True, help="On which address of this machine.")
@click.option(
    "--data",
    type=click.Path(path_type=Path),
    default=Path(".tawkee"),
    show_default=True,
    envvar="TAWKEE_DATA",
    help="Folder.",
)
@click.option("--demo", is_flag=True, help="With a small shop's agent to chat with.")
@click.option("--workers", default=1, show_default=True, help="Worker processes.")
def up(port: int, host: str, data: Path, demo: bool, workers: int) -> None:
    """Run everything: the servers that no TAWKEE_*_URL names, the web application and the workers."""
    from .embedded import launcher

    sys.exit(launcher.up(port=port, host=host, data=data, demo=demo, workers=workers))


@main.command()
def migrate() -> None:
    """Bring the database's schema up to date."""
    from . import db
    from .settings import read_settings

    db.open_database(read_settings())  # all that it needs: the whole application takes three times as long to import
    applied = db.migrate()
    click.echo("\n".join(f"applied {name}" for name in applied) or "the schema is up to date")


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
        state = f"BROKEN: {report.broken}" if report.broken else ", ".join(report.hooks)
        click.echo(f"{report.name}  {report.version or '-'}  ({report.distribution or 'given'})\n    {state}")


@main.group()
def channel() -> None:
    """Tools for whoever writes a channel."""


@channel.command()
@click.argument("kind")
@click.argument("files", nargs=-1, required=True, metavar="FILE...", type=click.Path(path_type=Path))
@click.option("--config", multiple=True, metavar="KEY=VALUE", help="A field of its configuration; repeatable.")
def parse(kind: str, files: tuple[Path, ...], config: tuple[str, ...]) -> None:
    """Print what a channel reads out of payload files, one JSON line a file: {file, events} or {file, error}.

    Needs no server, no setting and no secret. A form may be given as it was posted, or as a flat JSON object."""
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
    from .errors import TawkeeError
    from .testing.new_plugin import write_channel

    try:
        made = write_channel(kind, into)
    except (TawkeeError, OSError) as error:
        raise click.ClickException(str(error)) from error
    click.echo(f"{made} is ready:\n  cd {made}\n  pip install --no-build-isolation -e .\n  pytest")


if __name__ == "__main__":
    main()
