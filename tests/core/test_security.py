"""Secrets at rest and signed tokens."""

import base64
import json
import time

import jwt
import pytest
from cryptography.fernet import Fernet

from tawkee_core.errors import Unauthorized, Unavailable
from tawkee_core.security import hash_token, new_secret, read_token, same_text, seal, sign_token, unseal
from tawkee_core.settings import Settings

KEY, OLD_KEY = Fernet.generate_key().decode(), Fernet.generate_key().decode()
SETTINGS = Settings(secret_key="s" * 32, keys=KEY)
PLACE = "channel|w|c"


def test_what_is_sealed_is_opened_only_where_it_belongs() -> None:
    sealed = seal(SETTINGS, PLACE, {"api_key": "hunter2"})
    assert "hunter2" not in sealed
    assert unseal(SETTINGS, PLACE, sealed) == {"api_key": "hunter2"}
    with pytest.raises(Unavailable):
        unseal(SETTINGS, "channel|other|c", sealed)


def test_nothing_is_sealed_as_an_empty_text() -> None:
    assert seal(SETTINGS, PLACE, {}) == ""
    assert unseal(SETTINGS, PLACE, "") == {}


def test_an_older_key_still_opens_and_a_lost_one_does_not() -> None:
    sealed = seal(Settings(keys=OLD_KEY), PLACE, {"a": 1})
    assert unseal(Settings(keys=f"{KEY}, {OLD_KEY}"), PLACE, sealed) == {"a": 1}
    with pytest.raises(Unavailable):
        unseal(Settings(keys=KEY), PLACE, sealed)


@pytest.mark.parametrize("broken", ["x", "gAAAAA", "é"])
def test_a_broken_secret_is_told_as_unreadable(broken: str) -> None:
    with pytest.raises(Unavailable):
        unseal(SETTINGS, PLACE, broken)


def test_without_keys_nothing_is_sealed_or_signed() -> None:
    with pytest.raises(Unavailable, match="TAWKEE_KEYS"):
        seal(Settings(), PLACE, {"a": 1})
    with pytest.raises(Unavailable, match="32 characters"):
        sign_token(Settings(secret_key="short"), "access", {}, 60)


def test_a_token_is_read_by_its_own_audience_only() -> None:
    token = sign_token(SETTINGS, "visitor", {"sub": "v1"}, 60)
    assert read_token(SETTINGS, "visitor", token)["sub"] == "v1"
    with pytest.raises(Unauthorized):
        read_token(SETTINGS, "access", token)
    with pytest.raises(Unauthorized):
        read_token(Settings(secret_key="t" * 32), "visitor", token)


def forged(header: dict[str, object], claims: dict[str, object], key: str = SETTINGS.secret_key) -> str:
    algorithm = str(header.get("alg"))
    if algorithm in ("HS256", "HS384", "HS512"):
        return jwt.encode(claims, key.ljust(64, "x") if key != SETTINGS.secret_key else key, algorithm, headers=header)
    parts = [base64.urlsafe_b64encode(json.dumps(part).encode()).rstrip(b"=").decode() for part in (header, claims)]
    return ".".join(parts) + "."


NOW = int(time.time())
GOOD = {"iss": "tawkee", "aud": "access", "iat": NOW, "nbf": NOW, "exp": NOW + 600, "sub": "u", "sid": "s"}


@pytest.mark.parametrize(
    ("header", "change"),
    [
        ({"alg": "none"}, {}), ({"alg": "None"}, {}), ({"alg": "nOnE"}, {}), ({"alg": "RS256"}, {}),
        ({"alg": "HS256"}, {"exp": 1}), ({"alg": "HS256"}, {"nbf": NOW + 600}), ({"alg": "HS256"}, {"iss": "other"}),
        ({"alg": "HS256"}, {"aud": "visitor"}),
        ({"alg": "HS256"}, {"exp": None}), ({"alg": "HS256"}, {"aud": None}), ({"alg": "HS256"}, {"exp": "soon"}),
    ],
)  # fmt: skip
def test_a_forged_token_is_refused(header: dict[str, object], change: dict[str, object]) -> None:
    claims = {name: value for name, value in {**GOOD, **change}.items() if value is not None}
    with pytest.raises(Unauthorized):
        read_token(SETTINGS, "access", forged(header, claims))


def test_a_token_signed_by_someone_else_or_cut_short_is_refused() -> None:
    good = forged({"alg": "HS256"}, GOOD)
    assert read_token(SETTINGS, "access", good)["sub"] == "u"
    for bad in (
        forged({"alg": "HS256"}, GOOD, "another key"),
        good[:-2],
        good + "x",
        good.replace(".", "", 1),
        "",
        "é",
        "a" * 8192,
    ):
        with pytest.raises(Unauthorized):
            read_token(SETTINGS, "access", bad)


def test_texts_are_compared_and_an_empty_expectation_matches_nothing() -> None:
    assert same_text("é", "é")
    assert not same_text("a", "b")
    assert not same_text("", "")


def test_secrets_are_long_and_never_twice_the_same() -> None:
    secrets = {new_secret() for _ in range(50)}
    assert len(secrets) == 50 and min(map(len, secrets)) >= 43
    assert len(hash_token("x")) == 64 and hash_token("x") != hash_token("y")
