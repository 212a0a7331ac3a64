"""What the offline model says in its own words, in both languages."""

from dataclasses import dataclass

from .words import Language


@dataclass(frozen=True)
class Phrases:
    hello: str
    of: str
    welcome: str
    unknown: str
    offer: str
    no_person: str
    calling: str
    reason: str
    only_text: str
    source: str
    notice: str


PHRASES: dict[Language, Phrases] = {
    "pt": Phrases(
        hello="Olá! Sou {name}, assistente virtual{of}. Como posso ajudar?",
        of=" de {job}",
        welcome="Por nada! Se precisar de mais alguma coisa, é só escrever.",
        unknown="Não encontrei isso no que aprendi.",
        offer="Quer que eu chame uma pessoa da equipe?",
        no_person="Aqui não consigo chamar uma pessoa da equipe, mas a sua mensagem fica registrada.",
        calling="Certo, vou chamar uma pessoa da equipe para continuar com você.",
        reason="O cliente pediu para falar com uma pessoa.",
        only_text="Recebi o seu arquivo, mas por enquanto só consigo ler texto. Pode escrever a sua pergunta?",
        source="Fonte: {source}",
        notice="resposta automática, sem modelo de linguagem configurado",
    ),
    "en": Phrases(
        hello="Hello! I am {name}, the virtual assistant{of}. How can I help?",
        of=" of {job}",
        welcome="You are welcome! If you need anything else, just write.",
        unknown="I did not find that in what I was taught.",
        offer="Shall I ask a person of the team to take over?",
        no_person="I cannot call a person of the team from here, but your message is kept.",
        calling="All right, I am asking a person of the team to take over.",
        reason="The customer asked for a person.",
        only_text="I received your file, but for now I can only read text. Could you write your question?",
        source="Source: {source}",
        notice="automatic reply, no language model is configured",
    ),
}
