"""Passwords: argon2id at OWASP's floor, and never more than four hashes at once, since each takes 19 MiB."""

from functools import lru_cache
from threading import BoundedSemaphore

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from ..errors import BadInput
from .common_passwords import is_common

SHORTEST, LONGEST = 8, 128
HASHER = PasswordHasher(time_cost=2, memory_cost=19456, parallelism=1)
AT_ONCE = BoundedSemaphore(4)


def hash_password(password: str) -> str:
    """The password's argon2id hash. Raises BadInput when it is too short or too long."""
    if not SHORTEST <= len(password) <= LONGEST:
        raise BadInput(f"A password has {SHORTEST} to {LONGEST} characters.", slug="bad_password")
    with AT_ONCE:
        return HASHER.hash(password)


def hash_new(password: str) -> str:
    """The hash of a password that somebody chooses now. Raises BadInput where `hash_password` does, and when it is one
    of those that are tried first."""
    if len(password) >= SHORTEST and is_common(password):
        raise BadInput("That password is among those that are tried first; choose another.", slug="common_password")
    return hash_password(password)


def check_password(password: str, hashed: str | None) -> bool:
    """Whether the password is the hashed one. Without a hash the same work is done, so that time tells nothing."""
    with AT_ONCE:
        try:
            right = HASHER.verify(hashed or stand_in(), password[:LONGEST])
        except (VerificationError, InvalidHashError):
            return False
    return right and bool(hashed) and len(password) <= LONGEST


def needs_rehash(hashed: str) -> bool:
    """Whether a hash was made with other parameters than today's."""
    return HASHER.check_needs_rehash(hashed)


@lru_cache(maxsize=1)
def stand_in() -> str:
    return HASHER.hash("nobody's password")
