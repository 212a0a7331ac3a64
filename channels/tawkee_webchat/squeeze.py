"""Making the widget's own sources small without a build step: comments, indentation and needless spaces go, names stay.

Made for these sources only, which prettier keeps in form: statements end in semicolons, comments have lines of their
own, a division has spaces around its sign."""

import re

LITERAL = re.compile(
    r"""("(?:\\.|[^"\\])*"|`(?:\\.|[^`\\])*`|/(?![\s/*])(?:\\.|\[(?:\\.|[^\]\\])*\]|[^/\\\n])+/[a-z]*)""",
)
LOOSE_SCRIPT = re.compile(r"\s*([{}()\[\];,=+\-*/<>?:&|!])\s*")
LONE_PARAMETER = re.compile(r"\((\w+)\)=>")
LOOSE_STYLE = re.compile(r"\s*([{};,>])\s*|(?<=:)\s+")


def squeeze_script(source: str) -> str:
    """JavaScript on few lines."""
    lines = (line.strip() for line in source.splitlines())
    text = "\n".join(line for line in lines if line and not line.startswith("//"))
    parts = LITERAL.split(text)
    parts[::2] = [LONE_PARAMETER.sub(r"\1=>", LOOSE_SCRIPT.sub(r"\1", part)) for part in parts[::2]]
    return re.sub(r",(?=[}\])])", "", "".join(parts)).replace(";}", "}")


def squeeze_style(source: str) -> str:
    """A style sheet on one line."""
    return re.sub(r"\b0\.", ".", LOOSE_STYLE.sub(r"\1", source)).replace(";}", "}").strip()
