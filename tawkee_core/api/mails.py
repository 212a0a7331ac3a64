"""Where a mail provider tells what became of mails: verified by its plugin, then kept."""

import structlog
from flask import Blueprint, Response, jsonify, request

from ..context import current
from ..errors import InvalidWebhook, TawkeeError
from ..mail.feedback import apply_event
from ..office_types import MailEvent

log = structlog.get_logger()
blueprint = Blueprint("mails", __name__)


@blueprint.route("/webhooks/mail/<plugin>", methods=["POST"])
def receive(plugin: str) -> Response:
    """Events of the plugin that sends our mails; whatever else comes here gets one and the same 401."""
    headers = {name.lower(): value for name, value in request.headers.items()}
    known = [apply_event(event) for event in read_events(plugin, headers, request.get_data())]
    return jsonify(status="ok", applied=sum(known))


def read_events(plugin: str, headers: dict[str, str], body: bytes) -> list[MailEvent]:
    """What the plugin verified and read. Raises InvalidWebhook (also where the plugin fails to tell) and BadPayload."""
    tawkee = current()
    if not tawkee.settings.mail or plugin != tawkee.settings.mail:
        raise InvalidWebhook()
    try:
        events = tawkee.plugins.mail(tawkee.settings).mail_events(settings=tawkee.settings, headers=headers, body=body)
    except TawkeeError:
        raise
    except Exception as error:  # a plugin that cannot tell has not verified
        log.exception("mail_webhook_failed", plugin=plugin)
        raise InvalidWebhook() from error
    if events is None:
        raise InvalidWebhook()
    return events
