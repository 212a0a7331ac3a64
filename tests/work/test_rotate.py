"""New keys for what is stored: everything readable at each moment, nothing left behind, nobody's change overwritten."""

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest
from click.testing import CliRunner
from cryptography.fernet import Fernet

from tawkee_core.channels.load import load_channel
from tawkee_core.cli import main
from tawkee_core.db import run
from tawkee_core.errors import Unavailable
from tawkee_core.security import is_current, seal, unseal
from tawkee_core.settings import Settings
from tawkee_core.testing.running import Running
from tawkee_core.types import Channel
from tawkee_core.work.rotate import BATCH, Rotation, rotate_keys, rotate_one
from tests.lines import in_parallel

SECRETS = {"api_key": "canary-of-the-provider"}


@pytest.fixture
def channel(tawkee: Running) -> Iterator[Channel]:
    """A channel with a secret; what other tests left sealed is put away."""
    run("update channel set sealed = ''")
    run("delete from mail")
    run("delete from two_factors")
    yield tawkee.add_channel(tawkee.add_company(), "echo", secrets=SECRETS)
    run("update channel set sealed = ''")


@pytest.fixture
def rotated(tawkee: Running) -> Iterator[Settings]:
    """The settings after a fresh key was put before the old one; other tests get theirs back."""
    settings, fresh = tawkee.tawkee.settings, Fernet.generate_key().decode()
    yield replace(settings, keys=f"{fresh},{settings.keys}")
    rotate_keys(replace(settings, keys=f"{settings.keys},{fresh}"))


def sealed_of(channel: Channel) -> str:
    return str(run("select sealed from channel where id = %s", (channel.id,))[0].sealed)


def told_of(table: str, told: list[Rotation]) -> Rotation:
    return next(each for each in told if each.table == table)


def test_after_rotating_the_new_key_alone_opens_everything(channel: Channel, rotated: Settings) -> None:
    assert load_channel(rotated, channel.id).config == SECRETS
    assert told_of("channel", rotate_keys(rotated)) == Rotation("channel", rotated=1)
    newest = replace(rotated, keys=rotated.keys.split(",")[0])
    assert load_channel(newest, channel.id).config == SECRETS
    assert load_channel(rotated, channel.id).config == SECRETS
    assert told_of("channel", rotate_keys(rotated)) == Rotation("channel", current=1)


def test_the_old_key_alone_opens_nothing_any_more(channel: Channel, rotated: Settings) -> None:
    old = replace(rotated, keys=rotated.keys.split(",")[1])
    rotate_keys(rotated)
    with pytest.raises(Unavailable):
        load_channel(old, channel.id)


def test_more_than_a_batch_is_rotated(tawkee: Running, channel: Channel, rotated: Settings) -> None:
    run(
        "insert into channel (id, workspace_id, agent_id, kind, name, webhook_token, sealed)"
        " select gen_random_uuid(), workspace_id, agent_id, kind, n::text, n::text, sealed from channel,"
        " generate_series(1, %s) n where channel.id = %s",
        (BATCH + 1, channel.id),
    )
    assert told_of("channel", rotate_keys(rotated)).rotated == BATCH + 2
    run(
        "delete from channel where webhook_token <> %s and workspace_id = %s",
        (channel.webhook_secret, channel.workspace_id),
    )


def test_what_is_changed_meanwhile_is_not_overwritten(tawkee: Running, channel: Channel, rotated: Settings) -> None:
    """The row was read, and before it is written somebody gives the channel another key."""
    (row,) = run("select id::text as key, sealed from channel where id = %s", (channel.id,))
    newer = seal(rotated, f"channel.sealed|{channel.workspace_id}|{channel.id}", {"api_key": "newer"})
    run("update channel set sealed = %s where id = %s", (newer, channel.id))
    told = Rotation("channel")
    rotate_one(rotated, told, 'update "channel" set sealed = %s where id::text = %s and sealed = %s returning 1', row)
    assert told == Rotation("channel", changed=1)
    assert load_channel(rotated, channel.id).config == {"api_key": "newer"}


def test_readers_and_writers_go_on_while_keys_are_rotated(tawkee: Running, channel: Channel, rotated: Settings) -> None:
    place = f"channel.sealed|{channel.workspace_id}|{channel.id}"

    def write() -> None:
        for number in range(30):
            run("update channel set sealed = %s where id = %s", (seal(rotated, place, {"n": number}), channel.id))

    def read() -> None:
        for _ in range(30):
            assert load_channel(rotated, channel.id).config

    in_parallel([write, read, lambda: rotate_keys(rotated), lambda: rotate_keys(rotated)])
    rotate_keys(rotated)
    assert is_current(rotated, sealed_of(channel))
    assert load_channel(rotated, channel.id).config == {"n": 29}


def test_what_no_key_opens_is_told_and_left(channel: Channel) -> None:
    strange = Settings(keys=Fernet.generate_key().decode())
    before = sealed_of(channel)
    assert told_of("channel", rotate_keys(strange)).unreadable == 1
    assert sealed_of(channel) == before


def test_a_secret_opens_in_its_own_row_and_column_only(tawkee: Running, channel: Channel) -> None:
    settings = tawkee.tawkee.settings
    other = tawkee.add_channel(tawkee.add_company(), "echo")
    run("update channel set sealed = %s where id = %s", (sealed_of(channel), other.id))
    with pytest.raises(Unavailable):
        load_channel(settings, other.id)
    with pytest.raises(Unavailable):
        unseal(settings, f"channel.other|{channel.workspace_id}|{channel.id}", sealed_of(channel))


def test_what_was_sealed_before_the_column_was_named_still_opens(tawkee: Running, channel: Channel) -> None:
    settings = tawkee.tawkee.settings
    old = seal(settings, f"channel|{channel.workspace_id}|{channel.id}", SECRETS)
    run("update channel set sealed = %s where id = %s", (old, channel.id))
    assert load_channel(settings, channel.id).config == SECRETS


def test_every_sealed_column_is_rotated(tawkee: Running) -> None:
    """A ciphertext stands only in columns called `sealed`, which are those that are rotated."""
    columns: list[Any] = run(
        "select table_name as table, column_name as name from information_schema.columns"
        " where table_schema = 'public' and data_type = 'text'"
    )
    for column in columns:
        if column.name != "sealed":
            query = f'select 1 from "{column.table}" where "{column.name}" like \'gAAAAA%%\' limit 1'
            assert not run(query), f"{column.table}.{column.name} holds what rotation does not find"
    assert {each.table for each in rotate_keys(tawkee.tawkee.settings)} == {
        column.table for column in columns if column.name == "sealed"
    }


def test_the_command_tells_and_fails_while_something_is_left(
    tawkee: Running, channel: Channel, rotated: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TAWKEE_DATABASE_URL", rotated.database_url)
    monkeypatch.setenv("TAWKEE_KEYS", Fernet.generate_key().decode())
    failed = CliRunner().invoke(main, ["keys", "rotate"])
    assert failed.exit_code == 1 and "1 cannot be read" in failed.output
    monkeypatch.setenv("TAWKEE_KEYS", rotated.keys)
    done = CliRunner().invoke(main, ["keys", "rotate"])
    assert done.exit_code == 0 and "channel: 1 encrypted anew" in done.output
    assert "canary" not in done.output
    assert len(CliRunner().invoke(main, ["keys", "new"]).output.strip()) == 44
