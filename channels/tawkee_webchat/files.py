"""What a visitor may upload: a file is what its first bytes say, and nothing that a browser would run is taken."""

import re
from dataclasses import dataclass

from tawkee_core import BadInput, MediaRule, TooLarge

IMAGES = ("image/jpeg", "image/png", "image/webp", "image/gif")
AUDIOS = ("audio/ogg", "audio/mpeg", "audio/mp4", "audio/wav", "audio/webm")
VIDEOS = ("video/mp4", "video/webm")
OFFICE = "application/vnd.openxmlformats-officedocument."
DOCUMENTS = (
    "application/pdf",
    "text/plain",
    "text/csv",
    OFFICE + "wordprocessingml.document",
    OFFICE + "spreadsheetml.sheet",
    OFFICE + "presentationml.presentation",
)
KINDS = {"image": IMAGES, "audio": AUDIOS, "video": VIDEOS, "document": DOCUMENTS}
MAX_BYTES = 16 * 1024 * 1024
RULES = {kind: MediaRule(types, MAX_BYTES) for kind, types in KINDS.items()}
ALIASES = {
    "image/jpg": "image/jpeg",
    "audio/mp3": "audio/mpeg",
    "audio/x-wav": "audio/wav",
    "audio/wave": "audio/wav",
    "audio/x-m4a": "audio/mp4",
    "audio/m4a": "audio/mp4",
    "application/csv": "text/csv",
    "application/vnd.ms-excel": "text/csv",  # what Windows calls a .csv
}
# what a family's first bytes look like, and the types that share them
SIGNATURES: tuple[tuple[re.Pattern[bytes], tuple[str, ...]], ...] = (
    (re.compile(rb"\xff\xd8\xff", re.S), ("image/jpeg",)),
    (re.compile(rb"\x89PNG\r\n\x1a\n", re.S), ("image/png",)),
    (re.compile(rb"GIF8[79]a", re.S), ("image/gif",)),
    (re.compile(rb"RIFF....WEBP", re.S), ("image/webp",)),
    (re.compile(rb"RIFF....WAVE", re.S), ("audio/wav",)),
    (re.compile(rb"OggS", re.S), ("audio/ogg",)),
    (re.compile(rb"ID3|\xff[\xfb\xf3\xf2\xfa]", re.S), ("audio/mpeg",)),
    (re.compile(rb"....ftyp", re.S), ("video/mp4", "audio/mp4")),
    (re.compile(rb"\x1a\x45\xdf\xa3", re.S), ("video/webm", "audio/webm")),
    (re.compile(rb"%PDF-", re.S), ("application/pdf",)),
    (re.compile(rb"PK\x03\x04", re.S), DOCUMENTS[3:]),
)
TEXTS = ("text/plain", "text/csv")
UNSAFE = re.compile(r'[\x00-\x1f\x7f/\\:*?"<>|\u200e\u200f\u202a-\u202e\u2066-\u2069]')


@dataclass(frozen=True, slots=True)
class Upload:
    """A file that may be taken: its kind of message, its true type, a name that is safe anywhere."""

    kind: str
    mimetype: str
    filename: str
    data: bytes


def check_upload(data: bytes, declared: str, filename: str, max_bytes: int) -> Upload:
    """Find out what a file is. Raises TooLarge, or BadInput: empty, of a type not taken, not what it says it is."""
    if len(data) > max_bytes:
        raise TooLarge(f"Files of up to {max_bytes // (1024 * 1024)} MB are taken here.", slug="file_too_large")
    if not data:
        raise BadInput("The file is empty.", slug="file_empty")
    mimetype = true_type(data, declared)
    kind = next(kind for kind, types in KINDS.items() if mimetype in types)
    return Upload(kind, mimetype, safe_name(filename), data)


def true_type(data: bytes, declared: str) -> str:
    """The MIME type the bytes stand for; the declared one decides only among types that begin alike."""
    declared = declared.partition(";")[0].strip().lower()
    declared = ALIASES.get(declared, declared)
    possible = possible_types(data)
    if not possible:
        raise BadInput("Files of this type are not taken here.", slug="file_type_unsupported")
    if declared in possible:
        return declared
    if declared in ("", "application/octet-stream"):
        return possible[0]
    raise BadInput("The file is not what its type says.", slug="file_type_mismatch")


def possible_types(data: bytes) -> tuple[str, ...]:
    for signature, types in SIGNATURES:
        if signature.match(data):
            return types
    return TEXTS if is_text(data) else ()


def is_text(data: bytes) -> bool:
    """Whether this is UTF-8 text that no browser would take for a page."""
    try:
        start = data.decode("utf-8").lstrip("\ufeff \t\r\n")[:1024].lower()
    except UnicodeDecodeError:
        return False
    return b"\0" not in data and not re.match(r"<(!doctype|html|head|body|script|svg|\?xml|iframe|!--)", start)


def safe_name(filename: str) -> str:
    """The last part of a name, without what a file system, a header or a reader could stumble over; 100 characters."""
    name = re.split(r"[/\\]", filename)[-1]
    name = UNSAFE.sub("", name).strip(" .")
    stem, dot, suffix = name.rpartition(".")
    return f"{stem[: 99 - len(suffix)]}{dot}{suffix}" if dot and len(suffix) <= 10 else name[:100]
