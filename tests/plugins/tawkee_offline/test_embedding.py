"""The offline embedding, with its real weights."""

import subprocess
import sys
import threading

import pytest

import tawkee_offline
from tawkee_core.hookspecs import ModelHooks
from tawkee_core.plugins import Plugins
from tawkee_core.settings import Settings

EMBEDDING = "offline/use-multilingual-v3"


@pytest.fixture(scope="module")
def models() -> ModelHooks:
    plugins = Plugins()
    plugins.register(tawkee_offline, "offline")
    return plugins.model(Settings(), EMBEDDING)


def embed(models: ModelHooks, *texts: str) -> list[list[float]]:
    answer = models.model_embed(settings=Settings(), model=EMBEDDING, texts=texts)
    assert answer is not None
    assert answer.usage.cost_usd == 0
    return [list(vector) for vector in answer.vectors]


def cosine(one: list[float], other: list[float]) -> float:
    return sum(x * y for x, y in zip(one, other, strict=True))


def test_vectors_are_those_of_the_published_weights(models: ModelHooks) -> None:
    vector = embed(models, "Qual é o horário de vocês?")[0]
    assert (len(vector), {type(number) for number in vector}) == (512, {float})
    assert cosine(vector, vector) == pytest.approx(1, abs=1e-4)
    assert vector[:6] == pytest.approx([0.0148, -0.0147, 0.0615, 0.0616, 0.0895, 0.036], abs=2e-3)


def test_meaning_is_near_across_languages(models: ModelHooks) -> None:
    asked, same, other = embed(
        models, "Que horas vocês abrem?", "What time do you open?", "Vendemos bolo de chocolate."
    )
    assert cosine(asked, same) > 0.6 > 0.3 > cosine(asked, other)


def test_a_batch_gives_what_one_by_one_gives(models: ModelHooks) -> None:
    texts = [f"A passagem {number} fala de entrega." for number in range(40)]
    for alone, together in zip((embed(models, text)[0] for text in texts), embed(models, *texts), strict=True):
        assert together == pytest.approx(alone, abs=1e-4)
    assert embed(models) == []


def test_odd_texts_have_vectors_too(models: ModelHooks) -> None:
    for vector in embed(models, "", " ", "\ud800", "👍🏽", "a" * 100_000, "\0", "你好"):
        assert len(vector) == 512
        assert cosine(vector, vector) == pytest.approx(1, abs=1e-3)


def test_threads_do_not_disturb_each_other(models: ModelHooks) -> None:
    texts = [f"Pergunta {number} sobre a garantia" for number in range(16)]
    found: dict[str, list[float]] = {}

    def ask(mine: list[str]) -> None:
        for text in mine:
            found[text] = embed(models, text)[0]

    threads = [threading.Thread(target=ask, args=(texts[start::8],)) for start in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    for text, expected in zip(texts, embed(models, *texts), strict=True):
        assert found[text] == pytest.approx(expected, abs=1e-4)


def test_numpy_is_loaded_late_and_runs_on_one_thread() -> None:
    look = """
import sys, pathlib, tawkee_offline
print('numpy' in sys.modules)
tawkee_offline.model_embed(tawkee_offline.EMBEDDING, ["oi"])
print(pathlib.Path('/proc/self/status').read_text().split('Threads:')[1].split()[0])
"""
    seen = subprocess.run([sys.executable, "-c", look], capture_output=True, text=True, check=True)
    assert seen.stdout.split() == ["False", "1"]
