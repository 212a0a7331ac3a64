"""The mails there are: how long each is of use, and how many of it one address gets in an hour."""

from typing import NamedTuple

MINUTE, HOUR, DAY = 60, 3600, 86400


class Kind(NamedTuple):
    """`seconds`: after these it is not sent any more; `hourly`: more than these are not queued for one address."""

    seconds: int
    hourly: int


KINDS = {
    "confirm_email": Kind(DAY, 3),
    "already_registered": Kind(HOUR, 3),
    "reset_password": Kind(30 * MINUTE, 3),
    "password_changed": Kind(DAY, 10),
    "email_changed": Kind(DAY, 10),
    "two_factors_changed": Kind(DAY, 10),
    "new_sign_in": Kind(HOUR, 10),
    "invitation": Kind(7 * DAY, 5),
    "activation_code": Kind(10 * MINUTE, 5),
    "notice": Kind(DAY, 20),
}
