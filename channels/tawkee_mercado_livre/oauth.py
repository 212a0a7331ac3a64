"""Being let in by the seller, and staying in: an access token lasts six hours, and every refresh token works once."""

import base64
import hashlib
import hmac
import time
from dataclasses import replace
from typing import Any
from urllib.parse import urlencode

from tawkee_core import Ambiguous, AuthLost, BadInput, Channel, Connection, Label, NotSent, Refused

from .api import get, post_form
from .fetch import mapping, text_of
from .info import AUTH


def verifier_of(channel: Channel, state: str) -> str:
    """PKCE's secret: made again from the state, so that it need not be stored."""
    secret = str(channel.config.get("client_secret", ""))
    return (
        base64.urlsafe_b64encode(hmac.new(secret.encode(), state.encode(), hashlib.sha256).digest())
        .decode()
        .rstrip("=")
    )


def authorize_url(channel: Channel, state: str, return_url: str) -> str:
    challenge = base64.urlsafe_b64encode(hashlib.sha256(verifier_of(channel, state).encode()).digest()).decode()
    query = {
        "response_type": "code",
        "client_id": str(channel.config.get("client_id", "")),
        "redirect_uri": return_url,
        "state": state,
        "code_challenge": challenge.rstrip("="),
        "code_challenge_method": "S256",
    }
    return f"{AUTH}/authorization?{urlencode(query)}"


def finish(channel: Channel, query: dict[str, str], return_url: str) -> Connection:
    """Trade the code for tokens, and learn who the seller is. Raises BadInput when the seller refused."""
    if not query.get("code"):
        reason = query.get("error_description") or query.get("error") or "no code"
        raise BadInput(f"Mercado Livre did not let us in: {reason}"[:300], slug="not_authorized")
    values = {"code": query["code"], "redirect_uri": return_url}
    values["code_verifier"] = verifier_of(channel, query.get("state", ""))
    tokens = ask_tokens(channel, "authorization_code", values)
    with_token = replace(channel, config={**channel.config, **tokens})
    seller = mapping(get(with_token, "/users/me"))
    nick = text_of(seller.get("nickname"))
    kept = tokens | {
        "site_id": text_of(seller.get("site_id")) or "MLB",
        "user_id": tokens.get("user_id") or seller.get("id"),
    }
    return Connection("connected", Label(f"Conectado como {nick}.", f"Connected as {nick}."), config=kept)


def refresh(channel: Channel) -> Connection:
    """New tokens for old. Raises AuthLost when the refresh token was used already or withdrawn."""
    values = {"refresh_token": str(channel.config.get("refresh_token", ""))}
    return Connection("connected", config=ask_tokens(channel, "refresh_token", values))


def ask_tokens(channel: Channel, grant: str, values: dict[str, str]) -> dict[str, Any]:
    form = {
        "grant_type": grant,
        "client_id": str(channel.config.get("client_id", "")),
        "client_secret": str(channel.config.get("client_secret", "")),
    }
    try:
        answer = mapping(post_form(channel, "/oauth/token", form | values))
    except Refused as error:
        raise AuthLost(f"Mercado Livre gave no token: {error}") from error
    except Ambiguous as error:
        raise NotSent(str(error)) from error
    kept: dict[str, Any] = {name: answer.get(name) for name in ("access_token", "refresh_token", "user_id")}
    if not kept["access_token"] or not kept["refresh_token"]:
        raise AuthLost("Mercado Livre's answer holds no tokens.")
    return kept | {"expires_at": time.time() + float(answer.get("expires_in") or 21_600)}


def get_status(channel: Channel) -> Connection:
    """Whether the seller's token still works. Raises AuthLost."""
    if not channel.config.get("access_token"):
        return Connection("disconnected")
    get(channel, "/users/me")
    return Connection("connected")


def forget_tokens() -> Connection:
    """Mercado Livre goes on notifying until the seller withdraws the app; without tokens it is not listened to."""
    return Connection("disconnected", config={"access_token": "", "refresh_token": "", "expires_at": None})
