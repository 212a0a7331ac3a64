"""A walk through everything the OpenAPI document describes, signed in as an owner, with ids that exist where some are
known. Whatever is added to the document is walked too.

Nothing is left out for what it destroys. What deletes comes last, the inner things before those around them, and takes
what was made last. After each thing that was carried out the walk looks whether it still is where it began; where its
session, membership, workspace or agent ended (and only then), it goes on as somebody new, upon new ground."""

import json
import os
from collections import Counter, defaultdict
from collections.abc import Iterator
from typing import Any

import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis.errors import Unsatisfiable
from schemathesis import GenerationMode, checks
from schemathesis.core.failures import FailureGroup
from schemathesis.core.parameters import ParameterLocation
from schemathesis.core.result import Ok

from tawkee_core.testing.running import Running
from tests.api.ground import Ground
from tests.api.spoilt import TEXTS, choose, spoilt_fields

LONG = os.environ.get("HYPOTHESIS_PROFILE") == "long"
CASES = 200 if LONG else 5
BARE = 20 if LONG else 2  # where there is nothing but ids to choose
PROFILE = settings(
    derandomize=not LONG,
    database=None,
    deadline=None,
    phases=(Phase.generate,),  # what a case meets depends on those before it: nothing to shrink
    suppress_health_check=list(HealthCheck),
)
CHECKS = [
    checks.not_a_server_error,
    checks.status_code_conformance,
    checks.content_type_conformance,
    checks.response_headers_conformance,
    checks.response_schema_conformance,
]
REFUSES = checks.negative_data_rejection
MODES = (GenerationMode.POSITIVE, GenerationMode.NEGATIVE)
METHODS = {"POST": 0, "GET": 1, "PATCH": 2, "PUT": 3, "DELETE": 9}
STREAM = "text/event-stream"


class Walk:
    """`seen` are the statuses that every operation answered, `failures` what broke its word, and how."""

    def __init__(self, running: Running) -> None:
        self.running = running
        self.schema: Any = schemathesis.openapi.from_wsgi("/api/openapi.json", running.app)
        self.operations = sorted(self.find_operations(), key=place_in_walk)
        self.seen: defaultdict[str, Counter[int]] = defaultdict(Counter)
        self.failures: dict[str, str] = {}
        self.best: dict[str, Any] = {}
        self.ground = Ground(running)
        self.grounds = 1
        self.cases = 0

    def find_operations(self) -> Iterator[Any]:
        for result in self.schema.get_all_operations():
            assert isinstance(result, Ok), result.err()
            yield result.ok()

    def walk(self, operation: Any) -> None:
        """Call an operation with what its description allows, with what it does not, and with spoilt fields."""
        profile = settings(PROFILE, max_examples=CASES if [*operation.body, *operation.query] else BARE)
        for mode in MODES:

            @profile
            @given(case=operation.as_strategy(generation_mode=mode))
            def call(case: Any) -> None:
                self.call(case)

            try:
                call()
            except Unsatisfiable:
                assert mode is GenerationMode.NEGATIVE, f"no way to call {operation.label}"
        self.spoil(operation)

    def call(self, case: Any) -> None:
        self.cases += 1
        wrong = wrong_places(case)
        if ParameterLocation.PATH not in wrong:
            self.fill_path(case)
        if ParameterLocation.BODY not in wrong and self.cases % 2:
            self.fill_body(case)
        # where only the header is wrong, ours goes along all the same
        answer = self.send(case, [*CHECKS, REFUSES] if wrong - {ParameterLocation.HEADER} else CHECKS)
        if not wrong and (answer.status_code < 300 or case.operation.label not in self.best):
            self.best[case.operation.label] = case

    def fill_path(self, case: Any) -> None:
        """Put ids that exist into the path."""
        if not is_endless(case.operation):
            given, newest = case.path_parameters or {}, case.method.upper() == "DELETE"
            case.path_parameters = self.ground.fill_path(case.operation.path, given, newest)

    def fill_body(self, case: Any) -> None:
        """Put in what only the walk can know: passwords, tokens, codes."""
        if isinstance(case.body, dict):
            known = {name: self.ground.known(name, case.operation.path) for name in case.body}
            case.body = case.body | {name: value for name, value in known.items() if value is not None}

    def spoil(self, operation: Any) -> None:
        """Call as it went well before, save for one field, which holds what has broken many a program."""
        best = self.best.get(operation.label)
        if best is None:
            return
        if isinstance(best.body, dict) and best.media_type == "application/json":
            for name, value in spoilt_fields(self.schema.raw_schema, operation, self.cases):
                self.send_spoilt(best, body=best.body | {name: value})
        for number, parameter in enumerate(operation.query):
            for text in choose(TEXTS, self.cases + number):
                self.send_spoilt(best, query={**(best.query or {}), parameter.name: text})

    def send_spoilt(self, best: Any, **changed: Any) -> None:
        self.cases += 1
        parts = {"path_parameters": best.path_parameters, "query": best.query, "body": best.body, **changed}
        case = best.operation.Case(media_type=best.media_type, **parts)
        self.fill_path(case)
        self.send(case, CHECKS)

    def send(self, case: Any, expected: list[Any]) -> Any:
        """Call as described, note what was answered, and learn from it."""
        label = case.operation.label
        headers = self.show_token(case.operation)
        answer = case.call(headers=headers)
        self.seen[label][answer.status_code] += 1
        if told := judge(case, answer, expected, headers):
            self.failures.setdefault(label, told)
        if answer.status_code < 300:
            self.follow(case, answer)
        return answer

    def show_token(self, operation: Any) -> dict[str, str]:
        """The token that opens it; none where it is open, and only now and then where it is both."""
        raw, path = operation.definition.raw, operation.path
        either = {} in raw.get("security", [{"bearer": []}])
        if raw.get("security") == [] or is_endless(operation) or (either and self.cases % 2):
            return {}
        token = self.ground.visitor if path.startswith("/chat/") else self.ground.caller.access_token
        return {"Authorization": f"Bearer {token}"}

    def follow(self, case: Any, answer: Any) -> None:
        """Take in what came of it: things that there are now, or are not any more, or that we are out."""
        path = case.formatted_path.split("?")[0]
        if "json" in (answer.headers.get("content-type") or [""])[0] and answer.content:
            self.ground.learn(path, json.loads(answer.content))
        if case.method.upper() == "DELETE":
            self.ground.forget(path)
        if case.method.upper() != "GET" and not self.ground.firm():
            self.ground.leave()
            self.ground = Ground(self.running)
            self.grounds += 1


def judge(case: Any, answer: Any, expected: list[Any], headers: dict[str, str]) -> str:
    """What is wrong with an answer, and how to see it again; nothing if it is as described."""
    try:
        case.validate_response(answer, checks=expected, headers=headers)
    except FailureGroup as failure:
        told = "\n".join(str(each) for each in failure.exceptions)
        return f"{told}\n{case.as_curl_command(headers={})[:2000]}"
    except ValueError:  # something is wrong, and the body too deep for schemathesis to tell it
        case.body = "a body nested too deep to be told"
        return judge(case, answer, expected, headers)
    return ""


def place_in_walk(operation: Any) -> tuple[int, int]:
    """What makes things first, what deletes them last."""
    deletes = operation.method.upper() == "DELETE"
    return METHODS.get(operation.method.upper(), 5), operation.path.count("/") * (-1 if deletes else 1)


def wrong_places(case: Any) -> set[Any]:
    """Which parts of a case are not as described."""
    return {place for place, part in case.meta.components.items() if part.mode is GenerationMode.NEGATIVE}


def is_endless(operation: Any) -> bool:
    """Whether its answer is a stream of events, which does not end by itself: walked up to its door, without a token.
    What is behind it is proven in tests/streams."""
    raw = operation.definition.raw["responses"]
    return any(STREAM in answer.get("content", {}) for answer in raw.values())
