"""What people fill in for a channel is checked against what its plugin declares, and its secrets are told apart."""

from typing import Any

import pytest

from tawkee_core.channels.config import BadConfig, mask, read_config
from tawkee_core.types import Field, Label

NAME = Label("Nome", "Name")
FIELDS = (
    Field("base_url", NAME, "url", required=True),
    Field("api_key", NAME, "secret", required=True),
    Field("title", NAME, "text", max_length=10),
    Field("groups", NAME, "choice", default="ignore", choices=("ignore", "store")),
    Field("typing", NAME, "boolean", default=True),
    Field("limit", NAME, "number"),
    Field("origins", NAME, "list", default=[], max_length=10),
)
GOOD = {"base_url": "https://evo.example", "api_key": "0123456789abcdef-XYZ1"}


def reasons(given: dict[str, Any], kept: dict[str, Any] | None = None) -> dict[str, list[str]]:
    with pytest.raises(BadConfig) as caught:
        read_config(FIELDS, given, kept)
    return dict(caught.value.errors["json"]["config"])


def test_defaults_are_filled_in_and_secrets_kept_apart() -> None:
    plain, secrets = read_config(FIELDS, GOOD | {"title": "  Loja\0 "})
    assert secrets == {"api_key": GOOD["api_key"]}
    assert plain == {
        "base_url": GOOD["base_url"],
        "title": "Loja",
        "groups": "ignore",
        "typing": True,
        "origins": [],
    }


def test_says_of_each_field_what_is_wrong() -> None:
    given = {
        "base_url": "ftp://x",
        "title": "x" * 11,
        "groups": "some",
        "typing": "yes",
        "limit": "3",
        "origins": "a",
        "workspace_id": "x",
    }
    assert set(reasons(given)) == {*given, "api_key"}
    assert reasons({"base_url": GOOD["base_url"]}) == {"api_key": ["Missing."]}
    assert set(reasons(GOOD | {"api_key": ""})) == {"api_key"}
    assert set(reasons(GOOD | {"title": 5, "limit": True, "origins": [1]})) == {"title", "limit", "origins"}
    assert set(reasons(GOOD | {"origins": ["x"] * 101})) == {"origins"}


@pytest.mark.parametrize(
    "url", ["http://169.254.169.254/", "http://[::1]/", "http://u:p@x.example", "evo.example", "//x"]
)
def test_addresses_that_may_not_be_called_are_refused_at_once(url: str) -> None:
    assert set(reasons(GOOD | {"base_url": url})) == {"base_url"}


def test_changes_go_over_what_was_there() -> None:
    kept = GOOD | {"groups": "store", "typing": False, "created_instance": True}
    masked = mask(GOOD["api_key"])
    assert masked == "•••• XYZ1"
    plain, secrets = read_config(FIELDS, {"api_key": masked, "groups": None, "title": "Nova"}, kept)
    assert secrets == {"api_key": GOOD["api_key"], "created_instance": True}, "a masked secret is no new one"
    assert (plain["groups"], plain["typing"], plain["title"]) == ("ignore", False, "Nova")
    assert read_config(FIELDS, {"api_key": "another"}, kept).secrets["api_key"] == "another"
    assert set(reasons({"api_key": None}, kept)) == {"api_key"}
    assert set(reasons({"created_instance": False}, kept)) == {"created_instance"}


def test_a_short_secret_shows_nothing_of_itself() -> None:
    assert (mask("short"), mask(""), mask(None)) == ("••••", None, None)
