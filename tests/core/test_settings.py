"""Settings: defaults, the environment, what is given, and what is refused."""

import pytest

from tawkee_core.errors import BadInput
from tawkee_core.settings import SETTINGS, Settings, read_settings, split_list


def test_without_an_environment_the_defaults_hold() -> None:
    assert read_settings(environ={}) == Settings()


def test_the_environment_is_read_in_each_settings_own_type() -> None:
    environ = {"TAWKEE_WORKER_THREADS": "7", "TAWKEE_LEASE_SECONDS": "2.5", "TAWKEE_DATA": "/x", "OTHER": "1"}
    settings = read_settings(environ=environ)
    assert (settings.worker_threads, settings.lease_seconds, settings.data) == (7, 2.5, "/x")


def test_what_is_given_wins_over_the_environment() -> None:
    assert read_settings({"data": "/given"}, {"TAWKEE_DATA": "/environ"}).data == "/given"


@pytest.mark.parametrize(
    ("name", "value"), [("WORKER_THREADS", "many"), ("WORKER_THREADS", "1.5"), ("LEASE_SECONDS", "")]
)
def test_a_value_of_the_wrong_type_is_refused_by_name(name: str, value: str) -> None:
    with pytest.raises(BadInput, match=f"TAWKEE_{name}"):
        read_settings(environ={f"TAWKEE_{name}": value})


def test_an_unknown_setting_given_by_code_is_refused() -> None:
    with pytest.raises(TypeError):
        read_settings({"nonsense": 1}, {})


def test_secrets_do_not_show_in_a_settings_text() -> None:
    shown = repr(Settings(secret_key="hunter2hunter2", keys="hunter2", database_url="postgresql://u:hunter2@h/d"))
    assert "hunter2" not in shown


def test_every_setting_says_what_it_does_in_a_sentence() -> None:
    for setting in SETTINGS:
        assert setting.name.startswith("TAWKEE_") and setting.help.endswith("."), setting


def test_a_list_is_split_at_commas() -> None:
    assert split_list(" a, b ,,c ") == ("a", "b", "c")
    assert split_list("") == ()
