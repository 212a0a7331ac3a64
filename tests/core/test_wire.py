"""JSON from strangers."""

import json

import pytest
from hypothesis import given, strategies as st

from tawkee_core.db import run
from tawkee_core.errors import BadPayload
from tawkee_core.wire import clean_text, read_json

TEXT = st.text(st.characters(), max_size=20)
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | TEXT,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(TEXT, inner, max_size=4),
    max_leaves=12,
)


@pytest.mark.parametrize(
    "body",
    [
        b"", b"{", b"nul", b"{'a': 1}", b'{"a": 1,}', b"[1] x", b"\xff", b"NaN", b"[Infinity]",
        b"-Infinity", b"1e999", b"[" * 100_000, b'{"a":' * 100_000, b"9" * 10_000,
    ],
)  # fmt: skip
def test_what_is_no_sane_json_is_refused(body: bytes) -> None:
    with pytest.raises(BadPayload):
        read_json(body)


def test_what_cannot_be_stored_is_cleaned() -> None:
    body = b'{"a\\u0000": "x\\u0000y", "b": ["\\ud800", "\\ud83d\\ude00"], "c": 123456789012345678901234567890}'
    assert read_json(b'"\xed\xa0\x80"') == "?"
    assert read_json(body) == {"a": "xy", "b": ["?", "\U0001f600"], "c": 1.2345678901234568e29}


def test_utf_16_is_read_too() -> None:
    assert read_json('{"a": "é"}'.encode("utf-16")) == {"a": "é"}


@given(VALUES)
def test_whatever_is_read_can_be_written_again(value: object) -> None:
    read = read_json(json.dumps(value).encode())
    assert "\0" not in json.dumps(read, ensure_ascii=False)
    json.dumps(read, ensure_ascii=False).encode("utf-8")


@given(TEXT)
def test_clean_text_changes_nothing_of_a_text_that_is_clean(text: str) -> None:
    assert clean_text(clean_text(text)) == clean_text(text)
    if not any(c == "\0" or "\ud800" <= c <= "\udfff" for c in text):
        assert clean_text(text) == text


@pytest.mark.usefixtures("app")
def test_postgresql_takes_what_was_read() -> None:
    value = read_json(b'{"t": "\\u0000\\ud800\\uffff", "n": 99999999999999999999, "f": 1.5e-300}')
    (row,) = run("select %s::jsonb as kept", (value,))
    assert row.kept["t"] == value["t"]
