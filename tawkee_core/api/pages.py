"""Lists a page at a time."""

from typing import Any

from flask_smorest.pagination import PaginationParameters
from marshmallow import Schema, validate
from peewee import ModelSelect

from .routes import Text

FARTHEST = 1_000_000


class SearchQuery(Schema):
    """The words looked for in a list."""

    q = Text(load_default="", validate=validate.Length(0, 100))


def cut_page(rows: list[Any], page: PaginationParameters) -> list[Any]:
    """The page asked for of a list that is short enough to be read whole."""
    page.item_count = len(rows)
    return rows[page.first_item : page.last_item + 1]


def read_page(query: "ModelSelect[Any]", page: PaginationParameters) -> list[Any]:
    """The rows of the page asked for; X-Pagination learns how many there are in all."""
    page.item_count = query.order_by().count()
    if page.first_item > FARTHEST:
        return []
    return list(query.limit(page.page_size).offset(page.first_item))
