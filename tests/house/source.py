"""The project's source as the house rules see it: modules, their imports, setup.cfg."""

import ast
from collections.abc import Iterator
from configparser import ConfigParser
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import NamedTuple

CORE = "tawkee_core"
SHELVES = ("channels", "integrations", "plugins")
FunctionNode = ast.FunctionDef | ast.AsyncFunctionDef


class Import(NamedTuple):
    """One imported name: `from module import name`, or `import module` with an empty name."""

    line: int
    module: str
    name: str
    at_start: bool  # runs when the module is imported


@dataclass(frozen=True)
class Module:
    """One Python file; `name` is what it is imported as."""

    name: str
    path: Path
    text: str

    @cached_property
    def tree(self) -> ast.Module:
        return ast.parse(self.text)

    @property
    def package(self) -> str:
        """The top-level package it belongs to."""
        return self.name.partition(".")[0]

    @property
    def lines(self) -> list[str]:
        return self.text.splitlines()

    def where(self, node: ast.AST | int) -> str:
        line = node if isinstance(node, int) else getattr(node, "lineno", 1)
        return f"{self.path}:{line}"

    def functions(self) -> Iterator[FunctionNode]:
        return (node for node in ast.walk(self.tree) if isinstance(node, FunctionNode))

    def imports(self) -> Iterator[Import]:
        """Every import, wherever it stands, relative ones resolved."""
        at_start = set(starting_nodes(self.tree))
        for node in ast.walk(self.tree):
            if isinstance(node, ast.Import):
                yield from (Import(node.lineno, each.name, "", node in at_start) for each in node.names)
            elif isinstance(node, ast.ImportFrom):
                module = self.resolve(node)
                yield from (Import(node.lineno, module, each.name, node in at_start) for each in node.names)

    def resolve(self, node: ast.ImportFrom) -> str:
        if not node.level:
            return node.module or ""
        base = self.name.split(".") if self.path.name == "__init__.py" else self.name.split(".")[:-1]
        return ".".join([*base[: len(base) - node.level + 1], *([node.module] if node.module else [])])


def starting_nodes(node: ast.AST) -> Iterator[ast.AST]:
    """What runs at import: nothing inside a function, nothing under `if TYPE_CHECKING`."""
    for child in ast.iter_child_nodes(node):
        if isinstance(child, FunctionNode) or (isinstance(child, ast.If) and "TYPE_CHECKING" in ast.dump(child.test)):
            continue
        yield child
        yield from starting_nodes(child)


@dataclass(frozen=True)
class House:
    """The whole source under a root folder; the product's modules apart from the tests'."""

    root: Path
    modules: dict[str, Module]
    tests: dict[str, Module]

    @cached_property
    def setup(self) -> ConfigParser:
        parser = ConfigParser()
        parser.read(self.root / "setup.cfg")
        return parser

    def core(self) -> list[Module]:
        return [module for module in self.modules.values() if module.package == CORE]

    def plugins(self) -> list[Module]:
        return [module for module in self.modules.values() if module.package != CORE]

    def examples(self) -> list[Module]:
        """A stranger's plugin is held to the same rules."""
        return [m for m in self.tests.values() if m.name.startswith("examples.") and "tests" not in m.path.parts]

    def packages(self) -> dict[str, Path]:
        """Every plugin's package on a shelf, and its folder."""
        return {folder.name: folder for folder in shelf_folders(self.root)}

    def target(self, each: Import) -> str:
        """The module of this project that an import reaches; "" for one of elsewhere."""
        names = (f"{each.module}.{each.name}", each.module)
        return next((name for name in names if name in self.modules), "")


def shelf_folders(root: Path) -> list[Path]:
    found = (folder for shelf in SHELVES for folder in sorted((root / shelf).glob("*")))
    return [folder for folder in found if any(folder.rglob("*.py"))]


def read_house(root: Path) -> House:
    """Read everything that git could keep: caches and environments are left out."""
    bases = [root / CORE, *shelf_folders(root)]
    modules = [read_module(path, base.parent, root) for base in bases for path in sorted(base.rglob("*.py"))]
    others = [path for folder in ("tests", "examples", "benchmarks") for path in sorted((root / folder).rglob("*.py"))]
    tests = [read_module(path, root, root) for path in others if "build" not in path.parts]
    return House(root, {m.name: m for m in modules}, {m.name: m for m in tests})


def read_module(path: Path, base: Path, root: Path) -> Module:
    parts = path.relative_to(base).with_suffix("").parts
    name = ".".join(parts[:-1] if parts[-1] == "__init__" else parts)
    return Module(name, path.relative_to(root), path.read_text())
