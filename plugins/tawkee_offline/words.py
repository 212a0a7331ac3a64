"""What a short message is, by its words: its language, a greeting, thanks, a yes, the wish for a person."""

import re
import unicodedata
from typing import Literal

Language = Literal["pt", "en"]

PORTUGUESE = frozenset(
    "a o os as um uma de do da dos das em no na nos nas e que qual quais quanto quantos como onde quando por para pra"
    " com se eu meu minha voces voce seu sua ao tem ter ha sao esta estao da nao sim quero queria oi ola bom boa dia"
    " tarde noite obrigado obrigada valeu tchau abre aceita falar ajuda preciso posso gostaria custa".split()
)
ENGLISH = frozenset(
    "the an of in on at to for is are you your i my we what how where when can have has it with and or not yes do does"
    " hi hello hey good morning thanks thank please open want need would like there any bye talk speak help who".split()
)
GREETING = re.compile(
    r"\b(oi+e?|ola+|opa|e ai|eai|bom dia|boa tarde|boa noite|tudo (bem|bom|certo)( com voces?)?|como vai( voce)?"
    r"|(tem )?alguem ai|hi|hello|hey|hiya|good (morning|afternoon|evening)|how are you|what s up|any(one|body) there)\b"
)
THANKS = re.compile(
    r"\b(muito obrigad[oa]s?|obrigad[oa]s?|brigad[oa]|valeu|agradeco|tchau|ate (logo|mais)|era so isso|so isso"
    r"|thank you( so much| very much)?|thanks( a lot)?|thx|bye|goodbye|that s all)\b"
)
FILLER = re.compile(r"\b(ok|okay|certo|beleza|blz|entendi|perfeito|otimo|legal|pessoal|gente|all|there|great|got it)\b")
YES = re.compile(
    r"(sim|s|quero|pode|claro|por favor|isso|ok|yes|yeah|yep|sure|please|ok please)( (sim|por favor|please))?"
)
PERSON = re.compile(
    r"\b(atendente|ser humano|humano|humana|pessoa (de verdade|real)|atendimento humano"
    r"|(fal\w+|convers\w+|cham\w+|transf\w+|pass\w+|quero|queria|preciso)( \w+){0,3}"
    r" (pessoa|alguem|gerente|vendedora?|responsavel)"
    r"|human( being| agent)?|real person"
    r"|(talk|speak|transfer|connect|chat)( \w+){0,4} (person|someone|somebody|manager|agent|representative))\b"
)
# How the core writes down what is not made of words; a file may have words with it.
FILE = re.compile(r"\[(?:image|audio|video|document|sticker)(?:: (.*))?\]", re.DOTALL)
OTHER = re.compile(r"\[(?:location|contact|reacted with|a message of a kind)\b.*\]", re.DOTALL)


def normalize(text: str) -> str:
    """Lower case, without accents, punctuation and emoji."""
    plain = unicodedata.normalize("NFD", text.lower())
    plain = "".join(letter for letter in plain if not unicodedata.combining(letter))
    return " ".join(re.findall(r"[a-z0-9]+", plain))


def list_stems(text: str) -> set[str]:
    """The beginnings of the words that carry meaning."""
    return {word[:6] for word in normalize(text).split() if len(word) > 3 and word not in PORTUGUESE | ENGLISH}


def guess_language(*texts: str) -> Language:
    """Of the first text that tells; Portuguese where none does."""
    for text in texts:
        words = normalize(text).split()
        portuguese, english = (sum(word in known for word in words) for known in (PORTUGUESE, ENGLISH))
        if portuguese != english:
            return "pt" if portuguese > english else "en"
    return "pt"


def is_courtesy(text: str) -> bool:
    """Whether a message says hello, thanks, fine or good-bye and nothing besides; also one without any word."""
    plain = normalize(text)
    for courtesy in (GREETING, THANKS, FILLER):
        plain = courtesy.sub(" ", plain)
    return not plain.strip()


def is_greeting(text: str) -> bool:
    """Of a courtesy: whether it opens the conversation rather than ends it."""
    plain = normalize(text)
    return not plain or (GREETING.search(plain) is not None and THANKS.search(plain) is None)


def is_yes(text: str) -> bool:
    return YES.fullmatch(normalize(text)) is not None


def wants_person(text: str) -> bool:
    return PERSON.search(normalize(text)) is not None


def read_media(text: str) -> tuple[bool, str]:
    """Whether a line stands for a file, and the words that came with it."""
    line = text.strip()
    if found := FILE.fullmatch(line):
        return True, (found.group(1) or "").strip()
    return (True, "") if OTHER.fullmatch(line) else (False, line)
