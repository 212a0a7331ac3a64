"""Whether an installed plugin and this Tawkee were made for each other."""

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
        raise Mismatch(f"written for contract {written_for}, this Tawkee speaks contract {CONTRACT}")
