"""Settings: defaults, the environment, what is given, and what is refused."""

import pytest

from tawkee_core.check_settings import check_settings, find_misspelt
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


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("LOG_LEVEL", "loud"), ("LOG_FORMAT", "xml"), ("KEYS", "short"), ("SECRET_KEY", "short"),
        ("DATABASE_URL", "mysql://x"), ("REDIS_URL", "http://127.0.0.1"), ("QDRANT_URL", "nonsense"),
        ("PUBLIC_URL", "example.com"), ("APP_URL", "http://h:port"), ("WORKER_THREADS", "-3"), ("POLL_SECONDS", "nan"),
        ("TURN_SECONDS", "0"), ("TRUSTED_PROXIES", "-1"), ("METRICS_PORT", "70000"), ("RATE_API", "lots"),
        ("UNLIMITED_HOSTS", "nohost"),
    ],
)  # fmt: skip
def test_a_value_that_cannot_be_meant_is_refused_by_name(name: str, value: str) -> None:
    with pytest.raises(BadInput, match=f"^TAWKEE_{name} ?[m:]") as caught:
        check_settings(read_settings(environ={f"TAWKEE_{name}": value}))
    assert "\n" not in str(caught.value)


def test_all_that_cannot_be_meant_is_told_at_once_and_no_secret() -> None:
    environ = {"TAWKEE_KEYS": "hunter2", "TAWKEE_DATABASE_URL": "mysql://u:hunter2@h/d", "TAWKEE_LOG_LEVEL": "x"}
    with pytest.raises(BadInput) as caught:
        check_settings(read_settings(environ=environ))
    assert len(str(caught.value).splitlines()) == 3 and "hunter2" not in str(caught.value)


def test_what_is_meant_passes() -> None:
    check_settings(Settings())
    environ = {"DATABASE_URL": "postgres:///d?host=/run", "REDIS_URL": "unix:///s?db=0", "LOG_LEVEL": "debug"}
    environ |= {"RATE_API": "", "RATE_VISITORS": "5/second", "APP_URL": "", "TRUSTED_PROXIES": "2"}
    check_settings(read_settings(environ={f"TAWKEE_{name}": value for name, value in environ.items()}))


def test_a_misspelt_variable_is_told_and_a_plugins_own_is_not() -> None:
    environ = dict.fromkeys(["TAWKEE_WORKER_TREADS", "TAWKEE_KEYS", "TAWKEE_LITELLM_MODELS", "WORKER_TREADS"], "1")
    assert find_misspelt(environ) == {"TAWKEE_WORKER_TREADS": "TAWKEE_WORKER_THREADS"}
