"""What the pages of this folder take from the code; cog calls it (`make docs`), `make lint` checks that it was."""

import ast
import inspect
import re
from collections.abc import Iterator
from configparser import ConfigParser
from dataclasses import is_dataclass
from importlib.metadata import EntryPoint
from pathlib import Path
from typing import Any

import click

import tawkee_core
from tawkee_core import errors, types
from tawkee_core.api.permissions import AREAS, ROLES, Area
from tawkee_core.cli import main
from tawkee_core.hookspecs import CHAPTERS
from tawkee_core.settings import SETTINGS, Settings


def flat(text: str | None) -> str:
    """A docstring as one paragraph, safe in a table."""
    return " ".join((text or "").split()).replace("|", "\\|")


def list_settings() -> str:
    rows = [f"| `{each.name}` | {show_default(each.default)} | {each.help} |" for each in SETTINGS]
    return "\n".join(["| Variable | Default | What it does |", "|---|---|---|", *rows])


def show_default(default: Any) -> str:
    return "" if default == "" else f"`{default}`"


def list_areas() -> str:
    """The areas of the permission table, and the roles and keys that each is for."""
    rows = [show_area(name, area) for name, area in AREAS.items()]
    heads = [f"| Area | Routes | {' | '.join(ROLES)} | Key |", f"|---|---|{'---|' * (len(ROLES) + 1)}"]
    return "\n".join([*heads, *rows])


def show_area(name: str, area: Area) -> str:
    marks = ["✓" if not area.roles or role in area.roles else "" for role in ROLES]
    return f"| `{name}` | {area.text} | {' | '.join(marks)} | {'✓' if area.keys else ''} |"


def list_errors() -> str:
    classes = [each for _, each in inspect.getmembers(errors, inspect.isclass)]
    ours = [each for each in classes if issubclass(each, errors.TawkeeError)]
    ordered = sorted(ours, key=lambda each: inspect.getsourcelines(each)[1])
    public = set(tawkee_core.__all__)
    rows = [
        f"| `{each.slug}` | {each.status} | `{each.__name__}`{'' if each.__name__ in public else ' (core only)'} "
        f"| {flat(each.__doc__)} |"
        for each in ordered
    ]
    return "\n".join(["| Slug | Status | Class | When |", "|---|---|---|---|", *rows])


def list_hooks() -> str:
    tree = ast.parse(Path("tawkee_core/hookspecs.py").read_text())
    chapters = {node.name: node for node in tree.body if isinstance(node, ast.ClassDef)}
    return "\n\n".join(show_chapter(chapters[chapter.__name__]) for chapter in CHAPTERS)


def show_chapter(chapter: ast.ClassDef) -> str:
    functions = (node for node in chapter.body if isinstance(node, ast.FunctionDef))
    parts = [f"## {chapter.name}", flat(ast.get_docstring(chapter)), *map(show_hook, functions)]
    return "\n\n".join(parts)


def show_hook(node: ast.FunctionDef) -> str:
    arguments = [f"{each.arg}: {plain(each.annotation)}" for each in node.args.args if each.arg != "self"]
    signature = f"def {node.name}({', '.join(arguments)}) -> {plain(node.returns)}"
    users = ", ".join(f"`{name}`" for name in first_party(node.name))
    code = f"```python\n{signature}\n```"
    return "\n\n".join([f"### {node.name}", code, flat(ast.get_docstring(node)), f"{way_of(node)} Used by {users}."])


def plain(annotation: ast.expr | None) -> str:
    return ast.unparse(annotation).replace("'", "") if annotation else "None"


def way_of(node: ast.FunctionDef) -> str:
    """How a hook is called, which its decorator says."""
    marker = ast.unparse(node.decorator_list[0])
    if "firstresult" in marker:
        return "Asked of one plugin by its name; `None` means that it does not do this."
    return "Called at start-up, of every plugin." if "historic" in marker else "Called of every plugin, each by itself."


def first_party(hook: str) -> list[str]:
    """The plugins that come with Tawkee and implement a hook, by what setup.cfg announces."""
    setup = ConfigParser()
    setup.read("setup.cfg")
    lines = setup["options.entry_points"]["tawkee"].strip().splitlines()
    announced = dict(re.split(r"\s*=\s*", line) for line in sorted(lines))
    return [name for name, place in announced.items() if implements(EntryPoint(name, place, "tawkee").load(), hook)]


def implements(plugin: object, hook: str) -> bool:
    return hasattr(getattr(plugin, hook, None), "tawkee_impl")


def list_types() -> str:
    """Every public frozen dataclass, which is what crosses between core and plugins."""
    public = (getattr(tawkee_core, name) for name in tawkee_core.__all__)
    classes = [each for each in public if isinstance(each, type) and is_dataclass(each) and each is not Settings]
    return "\n\n".join(show_type(each) for each in sorted(classes, key=place_of))


def place_of(kind: type) -> tuple[bool, str, int]:
    """Where a class is written, the channels' types first."""
    return kind.__module__ != types.__name__, kind.__module__, inspect.getsourcelines(kind)[1]


def show_type(kind: Any) -> str:
    """A class, and each of its fields with what it may hold and what it holds otherwise."""
    (node,) = ast.parse(inspect.getsource(kind)).body
    assert isinstance(node, ast.ClassDef)
    told = ", ".join(f"`{show_field(each)}`" for each in node.body if isinstance(each, ast.AnnAssign))
    return f"**{kind.__name__}**: {flat(kind.__doc__)}  \nFields: {told}."


def show_field(node: ast.AnnAssign) -> str:
    text = f"{ast.unparse(node.target)}: {ast.unparse(node.annotation)}"
    default = ast.unparse(node.value) if node.value else ""
    made = re.fullmatch(r"field\(default_factory=(\w+).*\)", default)
    return f"{text} = {made[1]}()" if made else f"{text} = {default}" if default else text


def list_words() -> str:
    """The names that stand for a few words, or for any of some types."""
    tree = ast.parse(inspect.getsource(types))
    aliases = [n for n in tree.body if isinstance(n, ast.AnnAssign) and ast.unparse(n.annotation) == "TypeAlias"]
    return "\n".join(f"- `{ast.unparse(n.target)}`: {show_words(n.value)}" for n in aliases)


def show_words(value: ast.expr | None) -> str:
    text = ast.unparse(value) if value else ""
    inner = text.removeprefix("Literal[").removesuffix("]") if text.startswith("Literal[") else text
    return ", ".join(f"`{each.strip()}`" for each in re.split(r"[,|]", inner))


def list_calls(module: str, *names: str) -> str:
    """Functions and classes that a plugin may call, as they are written."""
    tree = ast.parse(Path(f"tawkee_core/{module}.py").read_text())
    kinds = (ast.FunctionDef, ast.ClassDef)
    nodes = {node.name: node for node in tree.body if isinstance(node, kinds)}
    return "\n\n".join(show_call(module, nodes[name]) for name in names)


def show_call(module: str, node: ast.FunctionDef | ast.ClassDef) -> str:
    if isinstance(node, ast.ClassDef):
        told = ", ".join(f"`{show_field(each)}`" for each in node.body if isinstance(each, ast.AnnAssign))
        return f"**{module}.{node.name}**: {flat(ast.get_docstring(node))}  \nFields: {told}."
    place = node.name if module == "wire" else f"{module}.{node.name}"
    signature = f"{place}({ast.unparse(node.args)}) -> {plain(node.returns)}"
    return f"```python\n{signature}\n```\n\n{flat(ast.get_docstring(node))}"


def list_commands() -> str:
    """The help of the command and of each of its own, which may have their own again."""
    return "\n\n".join(show_help(name, command) for name, command in walk_commands("tawkee", main))


def walk_commands(name: str, command: click.Command) -> Iterator[tuple[str, click.Command]]:
    yield name, command
    own = command.commands if isinstance(command, click.Group) else {}
    for each in sorted(own):
        yield from walk_commands(f"{name} {each}", own[each])


def show_help(name: str, command: click.Command) -> str:
    heading = "#" if command is main else "##"
    with click.Context(command, info_name=name, max_content_width=100) as context:
        return f"{heading} {name}\n\n```\n{command.get_help(context)}\n```"


def show_code(path: str, *names: str) -> str:
    """Functions and assignments of a file, as they stand there."""
    text = Path(path).read_text()
    nodes = {name: node for node in ast.parse(text).body for name in names_of(node)}
    parts = [cut_lines(text, nodes[name]) for name in names]
    return "```python\n" + "\n\n\n".join(parts) + "\n```"


def names_of(node: ast.stmt) -> list[str]:
    if isinstance(node, ast.FunctionDef | ast.ClassDef):
        return [node.name]
    return [ast.unparse(target) for target in node.targets] if isinstance(node, ast.Assign) else []


def cut_lines(text: str, node: ast.stmt) -> str:
    decorators = getattr(node, "decorator_list", [])
    first = min([node.lineno, *(each.lineno for each in decorators)])
    return "\n".join(text.splitlines()[first - 1 : node.end_lineno])


def show_file(path: str, language: str) -> str:
    return f"```{language}\n{Path(path).read_text().strip()}\n```"
