"""The tree of errors: what each tells a caller."""

import re
from http import HTTPStatus
from typing import Any

import pytest

from tawkee_core import errors
from tawkee_core.errors import BadInput, ModelBusy, NotSent, RateLimited, TawkeeError

KINDS = [kind for kind in vars(errors).values() if isinstance(kind, type) and issubclass(kind, TawkeeError)]


@pytest.mark.parametrize("kind", KINDS)
def test_every_error_has_a_status_a_slug_and_a_sentence(kind: type[TawkeeError]) -> None:
    error = kind()
    assert HTTPStatus(error.status) >= 400
    assert re.fullmatch(r"[a-z_]+", error.slug)
    assert str(error).endswith(".") and str(error)[0].isupper()


@pytest.mark.parametrize("kind", KINDS)
def test_every_error_stands_in_the_tree_that_the_module_draws(kind: type[TawkeeError]) -> None:
    assert kind.__name__ in (errors.__doc__ or "")


@pytest.mark.parametrize(
    ("given", "waits"),
    [
        (2, 2.0), (0.5, 0.5), (-5, 0.0), (None, 30.0), ("12", 30.0), (float("nan"), 30.0),
        (float("inf"), 86_400.0), (10**400, 86_400.0), (-(10**400), 0.0),
    ],
)  # fmt: skip
def test_patience_is_a_time_that_ends(given: Any, waits: float) -> None:
    """A plugin that finds no such header may hand on None: what waits must not wait for ever."""
    assert [kind("busy", retry_after=given).retry_after for kind in (RateLimited, ModelBusy)] == [waits, waits]


def test_slugs_are_told_apart() -> None:
    slugs = [kind.slug for kind in KINDS]
    assert sorted(slugs) == sorted(set(slugs))


def test_a_message_and_a_slug_of_ones_own_win() -> None:
    error = BadInput("That is no phone.", slug="bad_phone")
    assert (str(error), error.slug, error.status) == ("That is no phone.", "bad_phone", 422)
    assert BadInput.slug == "bad_input"


def test_a_rate_limit_says_when_to_come_back() -> None:
    assert RateLimited("slow down", retry_after=7).retry_after == 7
    assert not isinstance(NotSent(), RateLimited)
