"""What Mercado Livre forbids in answers: ways to meet outside of it. A seller who lets them through is suspended.

Phones, e-mail addresses, links, social names and messengers are taken out, also where they are spelled around. Other
long numbers stay: prices, dates, postcodes after their name, sizes, barcodes, and those of orders and invoices."""

import re

DIGIT_WORDS = r"(?:zero|um|uma|dois|duas|tr[eê]s|quatro|cinco|seis|meia|sete|oito|nove)"
SPACED = r"[\s.\-_()/*]{0,3}"
DOT, AT = r"(?:\.|\s+ponto\s+|\(ponto\)|\[ponto\])", r"(?:@|\s*\(?\[?arroba\)?\]?\s*|\(at\)|\[at\])"
# with a capital alone, as in "novo.Com garantia", it is a sentence that begins without a space before it
TLD = r"(?-i:com(?:\.br)?|net|org|br|io|me|ly|link|site|store|shop|app|info|COM(?:\.BR)?|NET|ORG|BR|ME|APP)"
RULES = tuple(
    (re.compile(pattern, re.I), replacement)
    for pattern, replacement in (
        (rf"\b[\w.+-]+{AT}[\w-]+(?:{DOT}[\w-]+)+\b", "[e-mail removido]"),
        (r"\b(?:https?|ftp)\s*:\s*/\s*/\s*\S+", "[link removido]"),
        (rf"\b(?:www{DOT})[\w-]+(?:{DOT}[\w-]+)*\S*", "[link removido]"),
        (rf"\b[\w-]+(?:\.|\(ponto\)|\[ponto\]){TLD}\b(?:/\S*)?", "[link removido]"),
        (r"\b[\w-]+\s+ponto\s+(?:com|net|org)\b(?:(?:\s+ponto\s+|\.)br\b)?", "[link removido]"),
        (r"(?<![\w@])@\w[\w.]{2,}", "[contato removido]"),
        (rf"(?<!\d)\(?\+?\d(?:{SPACED}\+?\d){{7,14}}(?!\w)", "[telefone removido]"),
        (rf"\b(?:{DIGIT_WORDS}[\s,.-]+){{7,}}{DIGIT_WORDS}\b", "[telefone removido]"),
        (r"\b(?:whats\s*app|wh?ats|zap\s*zap|zap|telegram|instagram|insta|facebook|face\s*book|messenger)\b", "[…]"),
    )
)
DAY, MONTH = r"(?:0?[1-9]|[12]\d|3[01])", r"(?:0?[1-9]|1[0-2])"
KEPT = re.compile(
    r"R\$\s*\d[\d.]*(?:,\d{2})?"
    rf"|(?<!\d)(?:{DAY}/{MONTH}(?:/(?:20)?\d\d)?|{DAY}([.-]){MONTH}\1(?:20)?\d\d|20\d\d-{MONTH}-{DAY})(?![\d/-])"
    r"|\bcep:?\s*\d{5}-?\d{3}(?!\d)"
    r"|(?<!\d)(?:7[89]\d{11}|\d{16,60})(?!\d)"
    r"|(?<!\d)\d\d(?:(?:,? |/)\d\d){2,}(?!\d)",
    re.I,
)


def clean_answer(text: str) -> tuple[str, list[str]]:
    """The text without what is forbidden, and what was taken out."""
    kept: list[str] = []

    def keep(match: re.Match[str]) -> str:
        if not is_harmless(match[0]):
            return match[0]
        kept.append(match[0])
        return f"\0{len(kept) - 1}\0"

    removed: list[str] = []
    cleaned = KEPT.sub(keep, text.replace("\0", ""))
    for rule, replacement in RULES:
        removed += [match[0] for match in rule.finditer(cleaned)]
        cleaned = rule.sub(replacement, cleaned)
    return re.sub("\0(\\d+)\0", lambda match: kept[int(match[1])], cleaned), removed


def is_harmless(number: str) -> bool:
    """Whether what may be kept is: pairs of digits only as sizes, each above the one before."""
    pairs = re.findall(r"\d\d", number) if re.fullmatch(r"\d\d(?:(?:,? |/)\d\d){2,}", number) else []
    return all(one < next_one for one, next_one in zip(pairs, pairs[1:], strict=False))
