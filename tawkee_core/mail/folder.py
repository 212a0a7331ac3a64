"""Where mails go while no plugin is chosen: files that any mail program opens, so that every link can be followed."""

from pathlib import Path

import structlog

from ..office_types import Mail
from ..settings import Settings

KEPT = 200
log = structlog.get_logger()


def write_mail(settings: Settings, mail: Mail) -> str:
    """Write a mail into the data folder, for its owner's eyes only, and log where; the file's name."""
    folder = Path(settings.data) / "mail"
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    path = folder / f"{mail.id}.eml"  # ids sort by time
    path.touch(mode=0o600)
    path.write_bytes(mail.to_mime().as_bytes())
    log.info("mail_written", path=str(path.resolve()), subject=mail.subject)
    for old in sorted(folder.glob("*.eml"))[:-KEPT]:
        old.unlink(missing_ok=True)
    return path.name
