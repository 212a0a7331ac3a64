"""Whether an installed plugin and this Tawkee were made for each other, and what is wrong with one that was not."""

import inspect
from collections.abc import Iterator, Mapping, Sequence
from difflib import get_close_matches
from importlib.metadata import Distribution, version
from typing import Any

#: Raised when a hook is removed or its meaning changes; new hooks and new arguments leave it as it is.
CONTRACT = 1
OURS = "tawkee"


class Mismatch(Exception):
    """A plugin that may not be loaded here; the message is for people."""


def check_requires(distribution: Distribution | None, running: str = "") -> None:
    """Raise Mismatch when a distribution requires another Tawkee than the one that runs."""
    for line in (distribution.requires or ()) if distribution else ():
        if line.lower().startswith(OURS):
            check_requirement(line, running or version(OURS))


def check_requirement(line: str, running: str) -> None:
    from packaging.requirements import InvalidRequirement, Requirement

    try:
        requirement = Requirement(line)
    except InvalidRequirement as error:
        raise Mismatch(f"its requirement {line!r} cannot be read") from error
    if requirement.name.lower() != OURS or (requirement.marker and not requirement.marker.evaluate({"extra": ""})):
        return
    if not requirement.specifier.contains(running, prereleases=True):
        raise Mismatch(f"requires tawkee {requirement.specifier}, this is tawkee {running}")


def check_contract(plugin: Any) -> None:
    """Raise Mismatch when a module says, as TAWKEE_CONTRACT, that it was written for another contract."""
    written_for = getattr(plugin, "TAWKEE_CONTRACT", CONTRACT)
    if written_for != CONTRACT:
        raise Mismatch(f"written for contract {written_for!r}, this Tawkee speaks contract {CONTRACT}")


def find_misfits(plugin: Any, specs: Mapping[str, Sequence[str]]) -> Iterator[str]:
    """What is wrong with the hooks of a plugin, given every hook and its arguments."""
    for name in dir(plugin):
        function = getattr(plugin, name, None)
        marks = getattr(function, "tawkee_impl", None)
        if not isinstance(marks, dict) or not callable(function):
            continue
        hook = marks.get("specname") or name
        if hook not in specs:
            yield f"there is no hook {hook!r}{guess(hook, specs)}"
            continue
        for argument in inspect.signature(function).parameters:
            if argument not in specs[hook]:
                known = ", ".join(specs[hook]) or "nothing"
                yield f"{hook} is given no {argument!r}, it may take {known}"


def guess(name: str, names: Mapping[str, Any]) -> str:
    (meant, *_) = [*get_close_matches(name, names, n=1), ""]
    return f": did you mean {meant!r}?" if meant else ""
