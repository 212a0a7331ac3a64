"""How replies grow with the chats: 1, 20, 100, 300 of them, with a model that answers at once and one of a second."""

from .bench import Bench
from .figures import Figure, Rounds
from .turns import INSTANT, SECOND, costed

CHATS = (1, 20, 100, 300)
MODELS = {INSTANT: "0 s", SECOND: "1 s"}


def measure(bench: Bench) -> list[Figure]:
    """With as many workers as the installation has (`--workers`)."""
    rounds, cases = Rounds(), [(model, chats) for model in MODELS for chats in CHATS]
    for _ in range(bench.plan.rounds):
        for model, chats in cases:
            crowd, spent = costed(bench, model, chats)
            case = f"{model} {chats}"
            rounds.note(**{f"{case} rate": crowd.rate, f"{case} added": crowd.added_ms()})
            rounds.note(**{f"{case} cpu": 1000 * sum(spent.values()) / crowd.asked})
    return [
        rounds.figure(f"{model} {chats} {key}", f"{name}, model of {MODELS[model]}, {chats} chats", unit)
        for model, chats in cases
        for key, name, unit in (("rate", "replies", "1/s"), ("added", "added p50", "ms"), ("cpu", "CPU a reply", "ms"))
    ]
