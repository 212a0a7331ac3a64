"""What the commands say when something keeps them from their work: a line, no traceback, and what to do."""

from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from tawkee_core.cli import main
from tawkee_core.embedded.ports import free_port


def call(*words: str, **environ: str) -> Result:
    given = {f"TAWKEE_{name.upper()}": value for name, value in environ.items()}
    return CliRunner().invoke(main, words, env={"TAWKEE_DATABASE_URL": None, **given})


def error_of(result: Result) -> str:
    assert result.exit_code == 1 and isinstance(result.exception, SystemExit), result.exception
    assert result.output.startswith("Error: ")
    return result.output


@pytest.mark.parametrize("words", ["dead list", "dead show x", "dead retry x", "dead discard x", "trace x", "unlock x"])
def test_a_folder_without_tawkee_is_told_and_not_made(words: str, tmp_path: Path) -> None:
    assert "--data" in error_of(call(*words.split(), "--data", str(tmp_path / "none")))
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("words", ["dead list", "trace x", "migrate"])
def test_a_database_that_is_away_is_told_without_its_password(words: str) -> None:
    url = f"postgresql://u:hunter2@127.0.0.1:{free_port()}/d"
    told = error_of(call(*words.split(), database_url=url))
    assert "TAWKEE_DATABASE_URL" in told and "hunter2" not in told and len(told.splitlines()) == 2


@pytest.mark.parametrize("words", ["migrate", "work", "demo"])
def test_a_missing_database_is_told(words: str) -> None:
    assert "TAWKEE_DATABASE_URL is not set" in error_of(call(words))


def test_up_tells_of_wrong_settings_before_it_starts_anything(tmp_path: Path) -> None:
    told = error_of(call("up", "--data", str(tmp_path / "data"), log_level="loud", keys="short"))
    assert "TAWKEE_LOG_LEVEL" in told and "TAWKEE_KEYS" in told
    assert list(tmp_path.iterdir()) == []


def test_up_tells_of_a_misspelt_variable(tmp_path: Path) -> None:
    result = call("up", "--data", str(tmp_path / "data"), "--port", "0", worker_treads="5")
    assert "TAWKEE_WORKER_TREADS is no setting and does nothing; is TAWKEE_WORKER_THREADS meant?" in result.output


def test_a_plugin_that_is_chosen_and_not_installed_is_told() -> None:
    url = "postgresql://u@127.0.0.1/d"
    assert "TAWKEE_MAIL names 'resnd'" in error_of(call("demo", database_url=url, mail="resnd"))


def test_up_tells_of_a_data_folder_that_cannot_be_one(tmp_path: Path) -> None:
    (tmp_path / "taken").touch()
    result = call("up", "--data", str(tmp_path / "taken"))
    assert result.exit_code == 1
    assert (
        result.output
        == f"tawkee: {tmp_path / 'taken'} cannot be the data folder: File exists. Give another with --data.\n"
    )
