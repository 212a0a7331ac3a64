"""Everything that can go wrong, in one tree.

TawkeeError                      what the API may tell a caller: `status`, `slug`, one sentence
├── BadInput 422 · Unauthorized 401 · Forbidden 403 · NotFound 404 · Conflict 409 · TooLarge 413 · TooMany 429 ·
Unavailable 503
├── InvalidWebhook 401           a webhook that did not prove where it comes from
├── BadPayload 400               an authentic webhook that cannot be read
├── UnknownPlugin 422            nobody is installed under that name
├── UnsafeUrl 422                an address that a tenant may not make us call
├── ConnectFailed 502            an outside call of which not one byte was sent
├── AnswerLost 504               an outside call that may have been carried out
├── SendError                    a message that a channel did not take, by what to do next
│   └── NotSent · RateLimited · Refused · Ambiguous · AuthLost
└── ModelError                   a model that did not answer, by what to do next
    └── ModelDown · ModelBusy · ModelRefused · ModelNonsense · PriceMissing
"""

PATIENCE = 30.0
MOST_PATIENCE = 86_400.0


def bear(seconds: object) -> float:
    """The seconds to wait, whatever a plugin made of its provider's header: none, nonsense or a year would hold up what
    waits for ever."""
    if not isinstance(seconds, int | float) or seconds != seconds:
        return PATIENCE
    return float(min(max(seconds, 0.0), MOST_PATIENCE))


class TawkeeError(Exception):
    """Something that went wrong and whose message may be shown to the caller."""

    status = 500
    slug = "internal_error"

    def __init__(self, message: str = "", *, slug: str | None = None) -> None:
        super().__init__(message or (self.__doc__ or "").strip().splitlines()[0])
        if slug:
            self.slug = slug


class BadInput(TawkeeError):
    """The request was understood and cannot be carried out as it stands."""

    status = 422
    slug = "bad_input"


class Unauthorized(TawkeeError):
    """The request did not say, or could not prove, who is asking."""

    status = 401
    slug = "unauthorized"


class Forbidden(TawkeeError):
    """Who asks may not do this."""

    status = 403
    slug = "forbidden"


class NotFound(TawkeeError):
    """There is no such thing here."""

    status = 404
    slug = "not_found"


class Conflict(TawkeeError):
    """The thing is in a state that does not allow this."""

    status = 409
    slug = "conflict"


class TooLarge(TawkeeError):
    """More bytes than are taken here."""

    status = 413
    slug = "too_large"


class TooMany(TawkeeError):
    """Too many requests; try again later."""

    status = 429
    slug = "too_many_requests"

    def __init__(self, message: str = "", *, slug: str | None = None, retry_after: float | None = None) -> None:
        super().__init__(message, slug=slug)
        self.retry_after = retry_after


class Unavailable(TawkeeError):
    """Something that this needs is not there at the moment."""

    status = 503
    slug = "unavailable"


class InvalidWebhook(TawkeeError):
    """The webhook did not prove where it comes from."""

    status = 401
    slug = "invalid_webhook"


class BadPayload(TawkeeError):
    """The webhook is authentic and cannot be read."""

    status = 400
    slug = "bad_payload"


class UnknownPlugin(TawkeeError):
    """No plugin of that name is installed."""

    status = 422
    slug = "unknown_plugin"


class UnsafeUrl(TawkeeError):
    """That address may not be called from here."""

    status = 422
    slug = "unsafe_url"


class ConnectFailed(TawkeeError):
    """The other side could not be reached; nothing was sent to it."""

    status = 502
    slug = "connect_failed"


class AnswerLost(TawkeeError):
    """The request left, and no answer came back; it may have been carried out."""

    status = 504
    slug = "answer_lost"


class SendError(TawkeeError):
    """A channel did not confirm a message. Its children say what may be done next."""

    status = 502
    slug = "send_failed"


class NotSent(SendError):
    """Surely not sent; the same message may be tried again."""

    slug = "not_sent"


class RateLimited(SendError):
    """Surely not sent; try again after `retry_after` seconds. Counts as no attempt."""

    slug = "rate_limited"

    def __init__(self, message: str = "", *, retry_after: float = PATIENCE) -> None:
        super().__init__(message)
        self.retry_after = bear(retry_after)


class Refused(SendError):
    """Surely not sent, and never will be: wrong number, blocked, outside the window."""

    slug = "refused"


class Ambiguous(SendError):
    """May have been sent: the answer was lost after the request had left."""

    slug = "ambiguous"


class AuthLost(SendError):
    """The channel's credentials no longer work: it is paused and its owner told."""

    slug = "auth_lost"


class ModelError(TawkeeError):
    """A model did not answer. Its children say what may be done next."""

    status = 502
    slug = "model_failed"


class ModelDown(ModelError):
    """The model's service failed or did not answer in time; worth another try."""

    slug = "model_down"


class ModelBusy(ModelError):
    """The model's service asks for patience of `retry_after` seconds."""

    slug = "model_busy"

    def __init__(self, message: str = "", *, retry_after: float = PATIENCE) -> None:
        super().__init__(message)
        self.retry_after = bear(retry_after)


class ModelRefused(ModelError):
    """The model will not answer this however often it is asked: key, quota, length, policy."""

    slug = "model_refused"


class ModelNonsense(ModelError):
    """The model answered something that cannot be used: empty, HTML, a broken tool call."""

    slug = "model_nonsense"


class PriceMissing(ModelRefused):
    """The model has no price, or one of zero, so that its use could not be accounted for."""

    slug = "price_missing"
