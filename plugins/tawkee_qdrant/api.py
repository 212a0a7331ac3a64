"""The client of one Qdrant, imported when first needed, and what its failures mean."""

from collections.abc import Iterator
from contextlib import contextmanager
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from tawkee_core import Unavailable

if TYPE_CHECKING:
    from qdrant_client import QdrantClient

SECONDS = 5
MAX_ANSWER = 8 * 1024 * 1024
# Few connections under many threads: a call takes milliseconds, and httpx's pool costs more CPU the larger it is.
CONNECTIONS = 16


@lru_cache(maxsize=4)
def connect(url: str, api_key: str) -> "QdrantClient":
    """Raises Unavailable without a URL. The key goes as a header: the client warns of `api_key` over plain HTTP."""
    if not url:
        raise Unavailable("TAWKEE_QDRANT_URL is not set, so there is nowhere to keep knowledge.")
    import httpx
    from qdrant_client import QdrantClient

    return QdrantClient(
        url=url,
        headers={"api-key": api_key, "Accept-Encoding": "identity"} if api_key else {"Accept-Encoding": "identity"},
        timeout=SECONDS,
        check_compatibility=False,
        limits=httpx.Limits(max_connections=CONNECTIONS, max_keepalive_connections=CONNECTIONS),
        event_hooks={"response": [refuse_large]},
    )


def refuse_large(response: Any) -> None:
    if int(response.headers.get("content-length", 0)) > MAX_ANSWER:
        raise ValueError(f"Qdrant answered more than {MAX_ANSWER} bytes")


@contextmanager
def explain_failures() -> Iterator[None]:
    """Turn what qdrant_client raises into Unavailable."""
    from qdrant_client.common.client_exceptions import QdrantException
    from qdrant_client.http.exceptions import ApiException, UnexpectedResponse

    try:
        yield
    except UnexpectedResponse as error:
        if error.status_code in (401, 403):
            raise Unavailable("Qdrant does not accept TAWKEE_QDRANT_API_KEY.") from error
        raise Unavailable(f"Qdrant answered with status {error.status_code}: {error.content[:200]!r}") from error
    except (ApiException, QdrantException, ValueError) as error:  # ValueError: an answer that is no JSON, or too large
        raise Unavailable(f"Qdrant could not be reached or understood: {error!s:.200}") from error


def is_missing(error: Exception) -> bool:
    """Whether Qdrant says that there is no such collection."""
    return getattr(error, "status_code", None) == 404
