"""What Mercado Livre forbids in answers: ways to meet outside of it. A seller who lets them through is suspended.

Phones, e-mail addresses, links, social names and messengers are taken out, also where they are spelled around."""

import re

DIGIT_WORDS = r"(?:zero|um|uma|dois|duas|tr[eê]s|quatro|cinco|seis|meia|sete|oito|nove)"
SPACED = r"[\s.\-_()/*]{0,3}"
DOT, AT = r"(?:\.|\s+ponto\s+|\(ponto\)|\[ponto\])", r"(?:@|\s*\(?\[?arroba\)?\]?\s*|\(at\)|\[at\])"
TLD = r"(?:com(?:\.br)?|net|org|br|io|me|ly|link|site|store|shop|app|info)"
RULES = tuple(
    (re.compile(pattern, re.I), replacement)
    for pattern, replacement in (
        (rf"\b[\w.+-]+{AT}[\w-]+(?:{DOT}[\w-]+)+\b", "[e-mail removido]"),
        (r"\b(?:https?|ftp)\s*:\s*/\s*/\s*\S+", "[link removido]"),
        (rf"\b(?:www{DOT})[\w-]+(?:{DOT}[\w-]+)*\S*", "[link removido]"),
        (rf"\b[\w-]+{DOT}{TLD}\b(?:/\S*)?", "[link removido]"),
        (r"(?<![\w@])@\w[\w.]{2,}", "[contato removido]"),
        (rf"(?:\+?\d{SPACED}){{8,15}}(?!\w)", "[telefone removido]"),
        (rf"\b(?:{DIGIT_WORDS}[\s,.-]+){{7,}}{DIGIT_WORDS}\b", "[telefone removido]"),
        (r"\b(?:whats\s*app|wh?ats|zap\s*zap|zap|telegram|instagram|insta|facebook|face\s*book|messenger)\b", "[…]"),
    )
)
PRICE = re.compile(r"(?:R\$\s*)\d[\d.]*(?:,\d{2})?")


def clean_answer(text: str) -> tuple[str, list[str]]:
    """The text without what is forbidden, and what was taken out. Prices stay."""
    prices: list[str] = []

    def keep(match: re.Match[str]) -> str:
        prices.append(match[0])
        return f"\0{len(prices) - 1}\0"

    removed: list[str] = []
    cleaned = PRICE.sub(keep, text)
    for rule, replacement in RULES:
        removed += [match[0] for match in rule.finditer(cleaned)]
        cleaned = rule.sub(replacement, cleaned)
    return re.sub("\0(\\d+)\0", lambda match: prices[int(match[1])], cleaned), removed
