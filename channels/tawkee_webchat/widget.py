"""The one script that is the widget: its parts, its style and a channel's look in one file."""

import gzip
import json
from functools import lru_cache
from hashlib import sha256
from pathlib import Path
from typing import Any

from .squeeze import squeeze_script, squeeze_style

FOLDER = Path(__file__).parent / "static" / "widget"
PARTS = ("texts.js", "state.js", "wire.js", "words.js", "thread.js", "composer.js", "frame.js", "start.js")
SCRIPT = '(()=>{"use strict";\nconst LOOK=%s,STYLE=%s;\n%s\n})();\n'


@lru_cache(maxsize=1)
def read_parts() -> tuple[str, str]:
    """The widget's code and its style."""
    code = "\n".join((FOLDER / name).read_text("utf-8") for name in PARTS)
    return squeeze_script(code), squeeze_style((FOLDER / "widget.css").read_text("utf-8"))


def build_widget(look: dict[str, Any]) -> bytes:
    """The script for one channel."""
    code, style = read_parts()
    return (SCRIPT % (to_script(look), to_script(style), code)).encode()


def to_script(value: Any) -> str:
    """A value as JavaScript source, without what could end a <script> element."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")).replace("<", "\\u003c")


@lru_cache(maxsize=64)
def compress_widget(script: bytes) -> bytes:
    return gzip.compress(script, 9, mtime=0)


def widget_tag(script: bytes) -> str:
    """What changes when the script does."""
    return sha256(script).hexdigest()[:32]
