"""What a file is, and what it may be called."""

import pytest

from tawkee_core import BadInput
from tawkee_webchat.files import check_upload, safe_name


@pytest.mark.parametrize(
    ("start", "declared", "kind", "mimetype"),
    [
        (b"\xff\xd8\xff\xe0rest", "image/jpg", "image", "image/jpeg"),
        (b"RIFF\x00\x00\x00\x00WEBPVP8 ", "image/webp", "image", "image/webp"),
        (b"OggS\x00\x02", "audio/ogg; codecs=opus", "audio", "audio/ogg"),
        (b"\x1a\x45\xdf\xa3", "audio/webm;codecs=opus", "audio", "audio/webm"),
        (b"\x00\x00\x00\x20ftypisom", "", "video", "video/mp4"),
        (b"\x00\x00\x00\x20ftypM4A ", "audio/x-m4a", "audio", "audio/mp4"),
        (b"%PDF-1.7", "application/pdf", "document", "application/pdf"),
        ("ação;preço\n".encode(), "application/vnd.ms-excel", "document", "text/csv"),
        (b"plain words", "application/octet-stream", "document", "text/plain"),
    ],
)
def test_a_file_is_what_it_begins_with(start: bytes, declared: str, kind: str, mimetype: str) -> None:
    upload = check_upload(start, declared, "x", 1000)
    assert (upload.kind, upload.mimetype) == (kind, mimetype)


@pytest.mark.parametrize("data", [b"\xef\xbb\xbf  <HTML>", b"<?xml version='1.0'?><svg/>", b"a\0b", b"\xff\xfea\0"])
def test_pages_and_binaries_are_no_texts(data: bytes) -> None:
    with pytest.raises(BadInput):
        check_upload(data, "text/plain", "x", 1000)


@pytest.mark.parametrize(
    ("given", "safe"),
    [
        ("foto.png", "foto.png"),
        ("C:\\Users\\ana\\nota fiscal.pdf", "nota fiscal.pdf"),
        ("../../../etc/passwd", "passwd"),
        ('a"b\r\nSet-Cookie: x.png', "abSet-Cookie x.png"),
        ("fatura\u202egpj.exe", "faturagpj.exe"),
        ("...", ""),
        ("ç" * 200 + ".jpeg", "ç" * 95 + ".jpeg"),
    ],
)
def test_names_are_safe_anywhere(given: str, safe: str) -> None:
    assert safe_name(given) == safe
