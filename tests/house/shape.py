"""How big things are, how they are called, and what is never written."""

import ast
import re
from statistics import median

from .source import House, Module

MODULE_LINES, FUNCTION_LINES = 400, 50
MODULE_MEDIAN, FUNCTION_MEDIAN = 100, 8
NAME_WORDS = 2
VAGUE = {"service", "services", "manager", "managers", "helper", "helpers", "util", "utils", "handler", "handlers"}
NAMED_BY_LIBRARIES = {"success_handler", "failure_handler"}  # methods of LiteLLM's that we override
REASONED = re.compile(r"(noqa: [A-Z0-9, ]*[A-Z0-9]|type: ignore\[[\w, -]+\])\s+(#|-|—)\s*\w+")
DISABLED = re.compile(r"#\s*(noqa|type: ignore|pragma: no cover|fmt: off|ruff: noqa|mypy: )")


def everything(house: House) -> list[Module]:
    return [*house.modules.values(), *house.tests.values()]


def length(node: ast.AST) -> int:
    return int(getattr(node, "end_lineno", 0)) - int(getattr(node, "lineno", 0)) + 1


def modules_are_short(house: House) -> list[str]:
    return [
        f"{module.path} has {len(module.lines)} lines, {MODULE_LINES} are the limit"
        for module in everything(house)
        if len(module.lines) > MODULE_LINES
    ]


def functions_are_short(house: House) -> list[str]:
    return [
        f"{module.where(node)} {node.name} has {length(node)} lines, {FUNCTION_LINES} are the limit"
        for module in everything(house)
        for node in module.functions()
        if length(node) > FUNCTION_LINES
    ]


def sizes_are_even(house: House) -> list[str]:
    """The product's medians: what a reader meets on most pages."""
    modules = median(len(module.lines) for module in house.modules.values())
    functions = median(length(node) for module in house.modules.values() for node in module.functions())
    return [f"the median module has {modules} lines, {MODULE_MEDIAN} are the limit"] * (modules > MODULE_MEDIAN) + [
        f"the median function has {functions} lines, {FUNCTION_MEDIAN} are the limit"
    ] * (functions > FUNCTION_MEDIAN)


def names_say_what_happens(house: House) -> list[str]:
    """No Service, Manager, Helper, Utils, Handler: a noun that could mean anything attracts everything.

    Tests may say `service`: the vector service is what some of them start."""
    return [
        f"{module.where(line)} {name} is a vague name"
        for module in everything(house)
        for line, name in defined_names(module)
        if (VAGUE if module.name in house.modules else VAGUE - {"service"}) & set(words_of(name))
    ]


def names_are_short(house: House) -> list[str]:
    lengths = [len(words_of(node.name)) for module in house.modules.values() for node in module.functions()]
    return [f"the median function's name has {median(lengths)} words"] * (median(lengths) > NAME_WORDS)


def defined_names(module: Module) -> list[tuple[int, str]]:
    nodes = (n for n in ast.walk(module.tree) if isinstance(n, ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef))
    defined = [
        (node.lineno, node.name)
        for node in nodes
        if not node.name.startswith("test_") and node.name not in NAMED_BY_LIBRARIES
    ]
    return [(1, module.path.parent.name if module.path.stem == "__init__" else module.path.stem), *defined]


def words_of(name: str) -> list[str]:
    """`read_house` and `ReadHouse` are the words read, house."""
    return [word.lower() for word in re.findall(r"[A-Z]+(?![a-z])|[A-Z]?[a-z0-9]+", name)]


def modules_say_why(house: House) -> list[str]:
    """Every module of the product begins with why it exists; an `__init__` without code needs not."""
    return [
        f"{module.path} has no docstring"
        for module in house.modules.values()
        if module.tree.body and not ast.get_docstring(module.tree)
    ]


def settings_are_read(house: House) -> list[str]:
    """Every field of Settings is asked for somewhere; one that does nothing would be a promise not kept."""
    settings = house.modules["tawkee_core.settings"]
    fields = [n for n in ast.walk(settings.tree) if isinstance(n, ast.AnnAssign) and "setting(" in ast.unparse(n)]
    code = "\n".join(module.text for module in house.modules.values() if module is not settings)
    return [
        f"{settings.where(node)} {ast.unparse(node.target)} is read nowhere"
        for node in fields
        if not re.search(rf"\.{ast.unparse(node.target)}\b", code)
    ]


def errors_are_not_swallowed(house: House) -> list[str]:
    return [
        f"{module.where(node)} swallows {ast.unparse(node.type) if node.type else 'everything'}"
        for module in everything(house)
        for node in ast.walk(module.tree)
        if isinstance(node, ast.ExceptHandler) and all(is_nothing(each) for each in node.body)
    ]


def is_nothing(node: ast.stmt) -> bool:
    return isinstance(node, ast.Pass) or (isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant))


def broad_catches_say_why(house: House) -> list[str]:
    """`except Exception` is for the few places where a stranger's code runs, or to clean up and raise again."""
    return [
        f"{module.where(node)} catches everything and gives no reason"
        for module in everything(house)
        for node in ast.walk(module.tree)
        if isinstance(node, ast.ExceptHandler) and is_broad(node) and not is_excused(module, node)
    ]


def is_excused(module: Module, node: ast.ExceptHandler) -> bool:
    """It raises again what it caught, or says why it does not."""
    raises_again = isinstance(node.body[-1], ast.Raise) and node.body[-1].exc is None
    return raises_again or "#" in "".join(module.lines[node.lineno - 1 : node.body[0].lineno])


def is_broad(node: ast.ExceptHandler) -> bool:
    return node.type is None or bool({"Exception", "BaseException"} & set(re.findall(r"\w+", ast.unparse(node.type))))


def disabled_lints_say_why(house: House) -> list[str]:
    return [
        f"{module.where(number)} disables a check and gives no reason"
        for module in everything(house)
        for number, line in enumerate(module.lines, 1)
        if DISABLED.search(line) and not REASONED.search(line) and "re.compile" not in line
    ]
