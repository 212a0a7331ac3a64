"""What a failed call means for the turn, read off the provider's HTTP answer rather than off LiteLLM's exceptions.

LiteLLM calls "connection error" whatever it did not expect, so that HTML and a refused connection look the same.
"""

import os
import re
from collections.abc import Iterator

from tawkee_core import ModelBusy, ModelDown, ModelError, ModelNonsense, ModelRefused

from .catalogue import KEYS, Entry
from .transport import Heard

SECRET = re.compile(r"\b(sk|gsk|key|Bearer)[-_ ][A-Za-z0-9*_-]{6,}")
RETRY_AFTER_MOST = 600.0


def explain_failure(error: Exception, heard: Heard, entry: Entry) -> ModelError:
    """The ModelError for what LiteLLM raised. The caller raises it `from None`: the chain holds headers with keys."""
    for cause in walk_causes(error):
        if isinstance(cause, ModelError):
            return cause
    name, status = entry.label, heard.status
    if any("timeout" in type(cause).__name__.lower() for cause in walk_causes(error)):
        return ModelDown(f"{name} did not answer in time.")
    if not status:
        return ModelDown(f"{name} could not be reached.")
    if 200 <= status < 300:
        return ModelNonsense(f"{name}: {quote_reason(error)}")
    if status == 429 and "insufficient_quota" not in str(error):
        return ModelBusy(f"{name} is busy.", retry_after=read_patience(heard))
    if status in (408, 409, 425) or status >= 500:
        return ModelDown(f"{name} failed with status {status}.")
    if status in (401, 403):
        return ModelRefused(f"{entry.vendor} does not accept the key in {entry.key_name}.")
    if status == 404:
        return ModelRefused(f"{entry.vendor} does not know the model {entry.id}.")
    return ModelRefused(f"{name} refused: {quote_reason(error)}")


def walk_causes(error: BaseException | None) -> Iterator[BaseException]:
    while error is not None:
        yield error
        error = error.__cause__ or error.__context__


def read_patience(heard: Heard) -> float:
    """Seconds to wait, from Retry-After where it is a number; 30 otherwise."""
    try:
        return min(max(float(heard.headers.get("retry-after", "")), 1.0), RETRY_AFTER_MOST)
    except ValueError:
        return 30.0


def quote_reason(error: Exception) -> str:
    """The provider's own words, shortened, with no key in them."""
    text = str(error)
    for variable in KEYS.values():
        if len(key := os.environ.get(variable, "")) >= 6:
            text = text.replace(key, "•••")
    return SECRET.sub("•••", " ".join(text.split()))[:300]
