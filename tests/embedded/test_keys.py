"""The secrets of a data folder."""

import base64
from pathlib import Path

import pytest

from tawkee_core.embedded.children import StartError
from tawkee_core.embedded.keys import check_started, keep_first, load_keys, note_started, prepend_key


def test_keys_are_made_once_and_private(tmp_path: Path) -> None:
    keys = load_keys(tmp_path, {})
    assert load_keys(tmp_path, {}) == keys
    assert (tmp_path / "secrets.json").stat().st_mode & 0o777 == 0o600
    assert len(base64.urlsafe_b64decode(keys.keys)) == 32
    assert len(keys.secret_key) >= 32 and len(set(keys)) == len(keys)


def test_the_environment_goes_before(tmp_path: Path) -> None:
    made = load_keys(tmp_path, {})
    given = load_keys(tmp_path, {"TAWKEE_SECRET_KEY": "given", "TAWKEE_KEYS": ""})
    assert given == made._replace(secret_key="given")
    assert load_keys(tmp_path, {}) == made


def test_keys_lost_beside_a_database_are_not_made_anew(tmp_path: Path) -> None:
    (tmp_path / "postgres").mkdir()
    with pytest.raises(StartError, match=r"secrets\.json is missing"):
        load_keys(tmp_path, {})


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"secret_key": "x"}'])
def test_a_broken_file_is_told(tmp_path: Path, text: str) -> None:
    (tmp_path / "secrets.json").write_text(text)
    with pytest.raises(StartError, match="cannot be read"):
        load_keys(tmp_path, {})


def test_a_fresh_key_is_put_first_and_the_others_can_be_forgotten(tmp_path: Path) -> None:
    made = load_keys(tmp_path, {})
    assert prepend_key(tmp_path) == 2
    fresh, old = load_keys(tmp_path, {}).keys.split(",")
    assert old == made.keys and len(base64.urlsafe_b64decode(fresh)) == 32
    assert keep_first(tmp_path) == 1
    assert load_keys(tmp_path, {}) == made._replace(keys=fresh)
    assert (tmp_path / "secrets.json").stat().st_mode & 0o777 == 0o600


def test_a_key_that_what_runs_does_not_know_is_not_used_yet(tmp_path: Path) -> None:
    with pytest.raises(StartError, match="No `tawkee up` runs on"):
        check_started(tmp_path)
    note_started(tmp_path, load_keys(tmp_path, {}).keys)
    check_started(tmp_path)
    prepend_key(tmp_path)
    with pytest.raises(StartError, match="start `tawkee up` again first"):
        check_started(tmp_path)
    keys = load_keys(tmp_path, {}).keys
    note_started(tmp_path, keys)
    check_started(tmp_path)
    keep_first(tmp_path)
    check_started(tmp_path)
    assert not any(key in (tmp_path / "run/keys").read_text() for key in keys.split(","))
