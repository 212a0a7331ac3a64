"""Passwords at rest."""

import time
from concurrent.futures import ThreadPoolExecutor, wait

import pytest
from argon2 import PasswordHasher

from tawkee_core.accounts.common_passwords import is_common
from tawkee_core.accounts.passwords import AT_ONCE, check_password, hash_new, hash_password, needs_rehash
from tawkee_core.errors import BadInput

PASSWORD = "correct horse battery"


def test_a_password_is_kept_as_an_argon2id_hash_at_the_owasp_floor() -> None:
    hashed = hash_password(PASSWORD)
    assert hashed.startswith("$argon2id$v=19$m=19456,t=2,p=1$") and PASSWORD not in hashed
    assert hash_password(PASSWORD) != hashed
    assert check_password(PASSWORD, hashed)
    assert not check_password(PASSWORD + "x", hashed)
    longest = "x" * 128
    assert check_password(longest, hash_password(longest))
    assert not check_password(longest + "y", hash_password(longest))
    assert not needs_rehash(hashed)


@pytest.mark.parametrize("hashed", [None, "", "-", "$argon2id$broken", "plain text"])
def test_without_a_good_hash_no_password_is_right(hashed: str | None) -> None:
    assert not check_password(PASSWORD, hashed)
    assert not check_password("nobody's password", hashed)


@pytest.mark.parametrize("password", ["", "short", "x" * 129])
def test_a_password_too_short_or_too_long_is_refused(password: str) -> None:
    with pytest.raises(BadInput):
        hash_password(password)


COMMON = (
    "password Password1 P@ssw0rd passw0rd123 12345678 1234567890 87654321 11111111 12341234 abcd1234 abcabcabc qwertyui"
    " qwerty123 1q2w3e4r 1qaz2wsx asdfghjkl zxcvbnm1 iloveyou Letmein! welcome2024 trustno1 dragon99 senha123"
    " Senha@2025 minhasenha mudarsenha flamengo corinthians1910 Palmeiras! brasil2026 Jesus1234 deusefiel mariajose"
    " gabriel10 familia1 25121990 11987654321 aaaaaaaaaaaaaaa senhasenha 123senha123 amoamoamo"
).split()
UNCOMMON = (
    "correct horse battery", "vaca-roxa-7", "senha do meu cachorro rex", "Kq7#mVz2", "jvnqkzrb", "brasilparana",
    "tres pratos", "flamengo e vasco empatam", "x9$Lm2pQ", "otto-maria-1911",
)  # fmt: skip


@pytest.mark.parametrize("password", COMMON)
def test_a_password_that_is_tried_first_is_refused(password: str) -> None:
    with pytest.raises(BadInput) as caught:
        hash_new(password)
    assert caught.value.slug == "common_password"


def test_other_passwords_are_taken() -> None:
    assert [password for password in UNCOMMON if is_common(password)] == []
    assert check_password(UNCOMMON[0], hash_new(UNCOMMON[0]))
    with pytest.raises(BadInput) as caught:
        hash_new("1234567")
    assert caught.value.slug == "bad_password", "what is too short is told first"


def test_a_hash_of_other_parameters_is_to_be_renewed() -> None:
    old = PasswordHasher(time_cost=1, memory_cost=8192, parallelism=1).hash(PASSWORD)
    assert check_password(PASSWORD, old) and needs_rehash(old)


def test_a_megabyte_as_a_password_is_checked_as_quickly_as_any() -> None:
    hashed = hash_password(PASSWORD)
    started = time.monotonic()
    assert not check_password("x" * 10**6, hashed)
    assert time.monotonic() - started < 2


def test_at_most_four_hashes_are_computed_at_once() -> None:
    """While the four places are taken nothing is hashed; then all are."""
    for _ in range(4):
        assert AT_ONCE.acquire(timeout=5)
    with ThreadPoolExecutor(1) as pool:
        waiting = pool.submit(hash_password, PASSWORD)
        assert not wait([waiting], timeout=0.3).done
        for _ in range(4):
            AT_ONCE.release()
        assert check_password(PASSWORD, waiting.result(10))
