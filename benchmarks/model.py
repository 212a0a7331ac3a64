"""The model of the benchmarks: the tests' OpenAI server, in a process of its own, as slow as the model's name says."""

import asyncio
import sys
from functools import partial

from tests.fakes.openai_server import Answer, OpenAIServer, Request

SECONDS = {"gpt-4o-mini": 0.0, "gpt-4o": 0.3, "gpt-4.1-mini": 1.0, "gpt-4.1": 5.0}
TEXT = "Temos sim! O pedido sai hoje e chega em até três dias úteis. Posso ajudar com mais alguma coisa?"
ANSWERS = {name: Answer(text=TEXT, latency=seconds) for name, seconds in SECONDS.items()}


def choose(request: Request) -> Answer:
    return ANSWERS[request.json["model"]]


def main(port: int) -> None:
    server = OpenAIServer(text=TEXT, port=port)
    server.decide = choose
    asyncio.run(server.serve(partial(print, "ready", flush=True)))


if __name__ == "__main__":
    main(int(sys.argv[1]))
