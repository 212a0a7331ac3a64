"""The hook contract: one file of specs, and what plugins make of it."""

import ast
import re
from collections.abc import Iterator
from typing import NamedTuple

from .source import House, Module

# An implementation may promise more than its spec asks for.
NARROWER = {"Iterable": {"list", "tuple", "Sequence", "Iterator"}, "Sequence": {"list", "tuple"}}


class Spec(NamedTuple):
    """One hook as hookspecs.py declares it."""

    name: str
    node: ast.FunctionDef
    module: Module

    def arguments(self) -> dict[str, str]:
        return {each.arg: type_of(each.annotation) for each in self.node.args.args if each.arg != "self"}


def specs(house: House) -> list[Spec]:
    module = house.modules["tawkee_core.hookspecs"]
    classes = (node for node in module.tree.body if isinstance(node, ast.ClassDef))
    functions = (node for chapter in classes for node in chapter.body if isinstance(node, ast.FunctionDef))
    return [Spec(node.name, node, module) for node in functions if is_marked(node, "hookspec")]


def implementations(house: House) -> Iterator[tuple[Module, ast.FunctionDef]]:
    """Every @hookimpl: of plugins, of the kit for their authors, of the example."""
    for module in (*house.modules.values(), *house.examples()):
        for node in ast.walk(module.tree):
            if isinstance(node, ast.FunctionDef) and is_marked(node, "hookimpl"):
                yield module, node


def is_marked(node: ast.FunctionDef, marker: str) -> bool:
    return any(ast.unparse(each).partition("(")[0].endswith(marker) for each in node.decorator_list)


def type_of(annotation: ast.expr | None) -> str:
    """An annotation as text, however it is quoted; "" where there is none."""
    return ast.unparse(annotation).replace("'", "").replace('"', "") if annotation else ""


def hooks_say_what_they_do(house: House) -> list[str]:
    return [
        f"{spec.module.where(spec.node)} {spec.name} needs a sentence, and no second paragraph"
        for spec in specs(house)
        if not re.fullmatch(r"[A-Z](.|\n(?!\n))+\.", ast.get_docstring(spec.node) or "")
    ]


def argument_means_one_type(house: House) -> list[str]:
    """Everywhere; whether it may be missing (`| None`) is the hook's affair."""
    seen: dict[str, str] = {}
    return [
        f"{spec.module.where(spec.node)} {spec.name}'s {name} is {kind!r}, elsewhere {seen[name]!r}"
        for spec in specs(house)
        for name, optional in spec.arguments().items()
        for kind in [optional.removesuffix(" | None")]
        if seen.setdefault(name, kind) != kind or not kind
    ]


def specs_take_plain_arguments(house: House) -> list[str]:
    """Pluggy sees neither defaults nor keyword-only arguments of a spec."""
    return [
        f"{spec.module.where(spec.node)} {spec.name} may have neither defaults nor *"
        for spec in specs(house)
        if spec.node.args.defaults or spec.node.args.kwonlyargs or spec.node.args.vararg or spec.node.args.kwarg
    ]


def hooks_are_used(house: House) -> list[str]:
    """A hook ships only with a plugin that uses it, and with a test that names it."""
    used = {node.name for module, node in implementations(house) if module.package in house.packages()}
    tests = "\n".join(m.text for m in house.tests.values() if "tests.house." not in m.name)
    return [f"{spec.name} is implemented by no plugin" for spec in specs(house) if spec.name not in used] + [
        f"{spec.name} is named in no test" for spec in specs(house) if spec.name not in tests
    ]


def hookimpls_keep_the_spec(house: House) -> list[str]:
    """Mypy does not compare an implementation with its spec, so this does."""
    known = {spec.name: spec for spec in specs(house)}
    return [
        f"{module.where(node)} {node.name}: {problem}"
        for module, node in implementations(house)
        for problem in differences(node, known.get(node.name))
    ]


def differences(node: ast.FunctionDef, spec: Spec | None) -> Iterator[str]:
    if spec is None:
        yield "there is no such hook"
        return
    expected = spec.arguments()
    for each in node.args.args:
        if each.arg != "self" and type_of(each.annotation) != expected.get(each.arg):
            yield f"{each.arg} is {type_of(each.annotation)!r}, the spec says {expected.get(each.arg)!r}"
    if not returns_no_more(type_of(node.returns), type_of(spec.node.returns)):
        yield f"returns {type_of(node.returns)!r}, the spec says {type_of(spec.node.returns)!r}"


def returns_no_more(given: str, promised: str) -> bool:
    allowed = promised.split(" | ")
    for part in given.split(" | "):
        outer, _, inner = part.partition("[")
        wider = {f"{name}[{inner}" for name, narrow in NARROWER.items() if outer in narrow}
        if part not in allowed and not wider & set(allowed):
            return False
    return True
