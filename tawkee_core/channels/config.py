"""What a person fills in to set a channel up, checked against the fields its plugin declares; secrets kept apart."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any, NamedTuple
from urllib.parse import urlsplit

from ..errors import BadInput, UnsafeUrl
from ..safe_http import check_url
from ..types import Field
from ..wire import clean_text

MASK = "••••"
MAX_ITEMS = 100
RENEW = "Give it again: it would go to another server than the one it was given for."


class BadConfig(BadInput):
    """The channel's configuration has fields that are missing, unknown or wrong."""

    def __init__(self, errors: Mapping[str, str]) -> None:
        super().__init__(" ".join(f"{name}: {reason}" for name, reason in errors.items()))
        self.errors = {"json": {"config": {name: [reason] for name, reason in errors.items()}}}


class Config(NamedTuple):
    """A checked configuration: what may be shown, and what may not."""

    plain: dict[str, Any]
    secrets: dict[str, Any]


def read_config(fields: Iterable[Field], given: Mapping[str, Any], kept: Mapping[str, Any] | None = None) -> Config:
    """The values given over those kept (secrets opened). `None` brings a default back, and a masked secret leaves it,
    unless it would go to another server than the one that it was given for.

    Raises BadConfig."""
    by_name = {field.name: field for field in fields}
    errors = {name: "Unknown field." for name in given if name not in by_name}
    values: dict[str, Any] = dict(kept or {})
    for name, field in by_name.items():
        try:
            take_value(field, given, values)
        except ValueError as error:
            errors[name] = str(error)
    if kept and is_moved(by_name.values(), kept, values):
        values = {name: value for name, value in values.items() if name in by_name}  # what the old one gave us, too
        errors |= dict.fromkeys(unproven(by_name.values(), given, values, kept), RENEW)
    if errors:
        raise BadConfig(errors)
    secret = {name for name in values if name not in by_name or by_name[name].kind == "secret"}
    return Config(
        {name: value for name, value in values.items() if name not in secret},
        {name: values[name] for name in values if name in secret},
    )


def is_moved(fields: Iterable[Field], before: Mapping[str, Any], after: Mapping[str, Any]) -> bool:
    """Whether an address leads to another server than before."""
    urls = [field for field in fields if field.kind == "url"]
    return any(server_of(field, before) != server_of(field, after) for field in urls)


def server_of(field: Field, values: Mapping[str, Any]) -> tuple[str, str, int | None]:
    parts = urlsplit(str(values.get(field.name) or field.default or ""))
    return parts.scheme, parts.hostname or "", parts.port


def unproven(
    fields: Iterable[Field], given: Mapping[str, Any], values: Mapping[str, Any], kept: Mapping[str, Any]
) -> Iterator[str]:
    """The secrets that stay as they are, and that nobody has given anew."""
    for field in fields:
        value = kept.get(field.name)
        if field.kind == "secret" and value and values.get(field.name) == value and given.get(field.name) != value:
            yield field.name


def take_value(field: Field, given: Mapping[str, Any], values: dict[str, Any]) -> None:
    """Put a field's new value, or its default, among the values. Raises ValueError with the reason."""
    value = given.get(field.name)
    if value is not None and not (field.kind == "secret" and value == mask(values.get(field.name))):
        values[field.name] = READERS[field.kind](field, value)
    elif value is None and field.name in given:
        values.pop(field.name, None)
    if values.get(field.name) in (None, "") and field.default is not None:
        values[field.name] = field.default
    if field.required and values.get(field.name) in (None, "", []):
        raise ValueError("Missing.")


def read_text(field: Field, value: Any) -> str:
    if not isinstance(value, str):
        raise ValueError("Not a text.")
    text = clean_text(value).strip()
    if len(text) > field.max_length:
        raise ValueError(f"Longer than {field.max_length} characters.")
    return text


def read_url(field: Field, value: Any) -> str:
    url = read_text(field, value)
    if url:
        try:
            check_url(url)
        except UnsafeUrl as error:
            raise ValueError("Not an http(s) address that may be called from here.") from error
    return url


def read_boolean(field: Field, value: Any) -> bool:
    if not isinstance(value, bool):
        raise ValueError("Neither true nor false.")
    return value


def read_number(field: Field, value: Any) -> int | float:
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise ValueError("Not a number.")
    return value


def read_choice(field: Field, value: Any) -> str:
    if value not in field.choices:
        raise ValueError(f"Not one of: {', '.join(field.choices)}.")
    return str(value)


def read_list(field: Field, value: Any) -> list[str]:
    if not isinstance(value, list) or len(value) > MAX_ITEMS:
        raise ValueError(f"Not a list of at most {MAX_ITEMS} texts.")
    return [text for each in value if (text := read_text(field, each))]


READERS: Mapping[str, Callable[[Field, Any], Any]] = {
    "text": read_text,
    "secret": read_text,
    "url": read_url,
    "boolean": read_boolean,
    "number": read_number,
    "choice": read_choice,
    "list": read_list,
}


def mask(value: Any) -> str | None:
    """What is shown of a secret: that there is one, and its end when it is long."""
    if not isinstance(value, str) or not value:
        return None
    return f"{MASK} {value[-4:]}" if len(value) >= 16 else MASK
