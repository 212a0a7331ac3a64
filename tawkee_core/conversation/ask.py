"""Ask a model within a turn's time: once, once more, then the fallback. Every call is counted."""

import time
from collections.abc import Sequence
from dataclasses import dataclass, field

import structlog

from .. import metrics
from ..context import Tawkee
from ..errors import ModelBusy, ModelDown, ModelError, ModelNonsense, UnknownPlugin
from ..hookspecs import ModelHooks
from ..models import new_id
from ..types import Agent, Completion, ModelMessage, ModelOptions, ModelUsage, Passage, Tool
from .breaker import Breaker

RETRY_SECONDS = 10.0
FALLBACK_SECONDS = 3.0
log = structlog.get_logger()
breaker = Breaker()


@dataclass(frozen=True)
class Call:
    """One call of a model, as it is accounted for: under its `id` once, however often it is written down."""

    model: str
    outcome: str
    usage: ModelUsage
    seconds: float
    kind: str = "chat"
    id: str = field(default_factory=new_id)


@dataclass
class Budget:
    """The time a turn has left, and the calls it has made; `barred` when every model's breaker was open."""

    seconds: float
    calls: list[Call] = field(default_factory=list)
    started: float = field(default_factory=time.monotonic)
    barred: bool = False

    @property
    def left(self) -> float:
        return self.seconds - (time.monotonic() - self.started)


@dataclass(frozen=True)
class Question:
    """What is asked of whichever model answers."""

    agent: Agent
    messages: Sequence[ModelMessage]
    passages: Sequence[Passage]
    tools: Sequence[Tool]


def ask_models(tawkee: Tawkee, question: Question, budget: Budget) -> Completion:
    """The first usable answer. Raises the last ModelError when no model gave one, or the time is over."""
    error: ModelError = ModelDown("No language model is available.")
    chain = model_chain(tawkee, question.agent)
    for number, model in enumerate(chain):
        for attempt in range(2):
            if budget.left < (FALLBACK_SECONDS if attempt == 0 else RETRY_SECONDS) or not breaker.allows(model):
                break
            try:
                return call_model(tawkee, model, question, budget)
            except ModelError as failure:
                error = failure
                log.warning(
                    "model_failed",
                    model=model,
                    position=number,
                    attempt=attempt,
                    error=failure.slug,
                    detail=str(failure)[:300],
                )
                if not isinstance(failure, ModelDown | ModelNonsense):
                    break
    budget.barred = bool(chain) and not any(call.kind == "chat" for call in budget.calls)
    raise error


def model_chain(tawkee: Tawkee, agent: Agent) -> list[str]:
    """The models to ask, in order: the agent's, the installation's, their fallbacks; the first available where none is
    chosen."""
    chosen = agent.settings.get("preferred_model") or tawkee.settings.model or first_available(tawkee)
    fallback = agent.settings.get("fallback_model") or tawkee.settings.fallback_model
    return [model for model in dict.fromkeys((chosen, fallback)) if model]


def first_available(tawkee: Tawkee) -> str:
    """The first chat model whose key is set; a model that needs none is taken last."""
    models = [m for _, listed in tawkee.plugins.collect("model_list", settings=tawkee.settings) for m in listed]
    ready = [m for m in models if m.kind == "chat" and m.available]
    return min(ready, key=lambda m: m.credits == 0).id if ready else ""


def call_model(tawkee: Tawkee, model: str, question: Question, budget: Budget) -> Completion:
    started = time.monotonic()
    outcome, usage = "failed", ModelUsage()
    try:
        answer = complete(tawkee, model, question, min(tawkee.settings.model_seconds, budget.left))
        outcome, usage = "answered", answer.usage
        breaker.succeeded(model)
        metrics.LLM_BREAKER.labels(model).set(0)
        return answer
    except ModelError as error:
        outcome = error.slug
        settle_breaker(model, error)
        raise
    except BaseException:  # ended from outside, by the pool's watch
        breaker.skipped(model)
        raise
    finally:
        budget.calls.append(Call(model, outcome, usage, time.monotonic() - started))
        metrics.LLM_REQUESTS.labels(model.partition("/")[0], model, outcome).inc()
        metrics.LLM_TOKENS.labels("in").inc(usage.tokens_in)
        metrics.LLM_TOKENS.labels("out").inc(usage.tokens_out)


def settle_breaker(model: str, error: ModelError) -> None:
    if isinstance(error, ModelDown | ModelBusy):
        breaker.failed(model)
        metrics.LLM_BREAKER.labels(model).set(int(model in breaker.open_names()))
    else:
        breaker.skipped(model)


def complete(tawkee: Tawkee, model: str, question: Question, seconds: float) -> Completion:
    """One call; an answer without words and without a tool that was offered is nonsense."""
    try:
        plugin = tawkee.plugins.model(tawkee.settings, model)
    except UnknownPlugin as error:
        raise ModelError(str(error), slug="unknown_model") from error
    answer = ask_plugin(tawkee, plugin, model, question, ModelOptions(timeout=max(seconds, 1.0)))
    offered = {tool.name for tool in question.tools}
    if answer is None or not (answer.text.strip() or any(call.name in offered for call in answer.calls)):
        raise ModelNonsense(f"{model} answered nothing.")
    return answer


def ask_plugin(
    tawkee: Tawkee, plugin: ModelHooks, model: str, question: Question, options: ModelOptions
) -> Completion | None:
    try:
        return plugin.model_complete(
            settings=tawkee.settings,
            agent=question.agent,
            model=model,
            messages=question.messages,
            passages=question.passages,
            tools=question.tools,
            options=options,
        )
    except ModelError:
        raise
    except Exception as error:  # a plugin's fault is a failed call: the fallback may still answer
        log.exception("model_crashed", model=model)
        raise ModelDown(f"{type(error).__name__}: {error}") from error
