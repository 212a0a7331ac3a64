"""What is offered, at what price; what LiteLLM costs a process that does not use it."""

import subprocess
import sys

import pytest

from tawkee_core import BadInput, PriceMissing
from tawkee_core.hookspecs import ModelHooks
from tawkee_core.settings import Settings
from tawkee_litellm.catalogue import CATALOGUE, KEYS
from tawkee_litellm.library import load_litellm
from tawkee_litellm.prices import find_price

# The list of the product's first description, with the credits of one answer.
ASKED_FOR = {
    "GPT-4.1": 4,
    "GPT-4.1 Mini": 1,
    "o4-Mini": 3,
    "o3": 20,
    "GPT-4o Mini": 1,
    "GPT-4o": 5,
    "o3-Mini (Beta)": 3,
    "o1": 25,
    "GPT-4 Turbo": 20,
    "Claude 3.5 Sonnet": 10,
    "Claude 3.7 Sonnet": 10,
    "Claude 3.5 Haiku": 2,
    "Llama 3.3": 1,
    "Qwen 2.5 Max": 3,
    "DeepSeek V3": 1,
    "Sabiá 3": 3,
}


def available(models: ModelHooks) -> set[str]:
    return {model.id for model in models.model_list(settings=Settings()) or () if model.available}


def test_the_asked_for_models_are_listed_at_their_credits(models: ModelHooks) -> None:
    listed = {model.label: model.credits for model in models.model_list(settings=Settings()) or ()}
    assert {label: listed.get(label) for label in ASKED_FOR} == ASKED_FOR


def test_a_model_is_available_with_its_providers_key_only(models: ModelHooks, monkeypatch: pytest.MonkeyPatch) -> None:
    for key in KEYS.values():
        monkeypatch.delenv(key, raising=False)
    assert available(models) == set()
    monkeypatch.setenv("MARITALK_API_KEY", "some-key")
    assert available(models) == {"maritaca/sabia-3"}
    monkeypatch.setenv("OPENAI_API_KEY", "some-key")
    assert "openai/gpt-4o" in available(models)
    assert "openai/o1" not in available(models), "it was switched off on 2026-10-23"
    assert "anthropic/claude-sonnet-4-5" not in available(models)


def test_every_model_has_a_price() -> None:
    known = load_litellm().model_cost
    for entry in CATALOGUE:
        assert any(find_price(entry.litellm_name, entry.kind, entry.price, known)), entry.id


@pytest.mark.parametrize(
    "known",
    [
        {},
        {"openai/m": {"input_cost_per_token": 0, "output_cost_per_token": 0}},
        {"openai/m": {"input_cost_per_token": 1e-6}},
        {"m": {"input_cost_per_token": 1e-6, "output_cost_per_token": 1e-6, "litellm_provider": "somebody-else"}},
    ],
)
def test_a_missing_zero_half_or_foreign_price_is_no_price(known: dict[str, dict[str, object]]) -> None:
    with pytest.raises(PriceMissing):
        find_price("openai/m", "chat", None, known)


@pytest.mark.parametrize("text", ["gpt-9=1", "openai/m", "openai/m=x", "openai/m=1:2", "openai/m=1:a:b"])
def test_an_unreadable_list_of_added_models_is_told(
    models: ModelHooks, monkeypatch: pytest.MonkeyPatch, text: str
) -> None:
    monkeypatch.setenv("TAWKEE_LITELLM_MODELS", text)
    with pytest.raises(BadInput, match="TAWKEE_LITELLM_MODELS"):
        models.model_list(settings=Settings())


def test_models_of_others_are_not_answered_for(models: ModelHooks) -> None:
    assert models.model_embed(settings=Settings(), model="offline/use-multilingual-v3", texts=["a"]) is None


def test_listing_models_loads_no_heavy_library() -> None:
    look = (
        "import sys, tawkee_litellm as p; p.model_list(None); "
        "print({'litellm', 'openai', 'pydantic'} & set(sys.modules))"
    )
    seen = subprocess.run([sys.executable, "-c", look], capture_output=True, text=True, check=True)
    assert seen.stdout.strip() == "set()"
