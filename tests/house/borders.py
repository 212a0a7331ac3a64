"""Who may import whom."""

import ast
import re
import sys
from collections.abc import Iterator
from functools import cache
from importlib.metadata import packages_distributions

from .source import CORE, House, Import, Module

# Each may import itself and what stands before it; one line is one floor, whose rooms do not know each other
# unless ROOMS says so.
FLOORS = (
    ("errors", "contract", "model_types", "office_types"),
    ("settings", "statements", "types", "wire", "metrics", "metric_files"),
    ("channel_fields", "check_settings", "hookspecs", "safe_hosts", "safe_lines", "safe_http", "security", "db"),
    ("plugins", "models", "logs", "scrape", "provider", "streams"),
    ("context", "doorbell"),
    ("mail",),
    ("audit", "notifications"),
    ("accounts", "agents", "channels", "knowledge", "billing", "insights", "conversation", "privacy"),
    ("work", "inbox", "demo"),
    ("api",),
    ("app",),
    ("cli", "testing"),
)
ROOMS = {  # who may know whom on the same floor
    "safe_lines": {"safe_hosts"},
    "safe_http": {"safe_hosts", "safe_lines"},
    "accounts": {"channels", "conversation"},
    "agents": {"knowledge"},
    "cli": {"testing"},
    "conversation": {"channels", "knowledge", "agents"},
    "privacy": {"conversation"},
}
APART = {"embedded": {"cli", "testing"}}  # the launcher knows nothing of the rest, and only these start it
FLOOR_OF = {room: number for number, rooms in enumerate(FLOORS) for room in rooms}

PLUGGY_MAY = {"plugins", "hookspecs"}
REQUEST_MAY = {"api", "logs", "embedded", "testing"}  # logs number the requests
CURRENT_APP_MAY = {"context", *REQUEST_MAY}
CORE_ONLY = {"pluggy", "peewee", "playhouse", "psycopg2", "redis", "rq", "sqlite3", "tests"}
HTTP_CLIENTS = {"requests", "httpx", "aiohttp", "http.client", "urllib.request", "urllib3", "httplib2", "pycurl"}
HTTP_MAY = {
    "tawkee_core.safe_http": "it is the one way out",
    "tawkee_core.embedded": "it asks its own children on loopback whether they are ready",
    "tawkee_qdrant": "the operator's own vector server; QdrantClient raises httpx's errors",
    "tawkee_litellm": "the operator's own model provider, never a tenant's URL; LiteLLM is given an httpx client",
}


def room_of(module: str) -> str:
    """The part of the core a module belongs to; "" for the package itself and for what is not the core's."""
    parts = module.split(".")
    return parts[1] if parts[0] == CORE and len(parts) > 1 else ""


def core_imports(house: House) -> Iterator[tuple[Module, Import, str]]:
    """Every import from one part of the core to another: who, what, and the part reached."""
    for module in house.core():
        for each in module.imports():
            target = house.target(each)
            if target.startswith(CORE) and room_of(target) not in ("", room_of(module.name)):
                yield module, each, room_of(target)


def core_imports_downward(house: House) -> list[str]:
    return [
        f"{module.where(each.line)} {room_of(module.name)} may not import {reached}"
        for module, each, reached in core_imports(house)
        if room_of(module.name) and not may_import(room_of(module.name), reached)
    ]


def may_import(room: str, reached: str) -> bool:
    if reached in APART:
        return room in APART[reached]
    if room not in FLOOR_OF or reached not in FLOOR_OF:
        return False
    return FLOOR_OF[reached] < FLOOR_OF[room] or reached in ROOMS.get(room, ())


def core_imports_no_plugin(house: House) -> list[str]:
    return [
        f"{module.where(each.line)} imports {each.module}"
        for module in house.core()
        for each in module.imports()
        if each.module.partition(".")[0] in house.packages()
    ]


CHOSEN_BY_NAME = {  # a default that every operator may change, or the demo's own choice
    "tawkee_core.settings": {"qdrant", "offline"},
    "tawkee_core.demo": {"webchat"},
}
VERBS = {"resend"}  # what the API calls sending again; the plugin's package, tawkee_resend, is named nowhere


def core_names_no_plugin(house: House) -> list[str]:
    """No string of the core holds a plugin's name, save the defaults of CHOSEN_BY_NAME."""
    names = {*house.packages(), *entry_names(house)} - VERBS
    word = re.compile(r"\b(" + "|".join(sorted(map(re.escape, names))) + r")\b")
    return [
        f"{module.where(node)} names the plugin {name!r}"
        for module in house.core()
        for node in strings(module)
        for name in word.findall(str(node.value))
        if name not in CHOSEN_BY_NAME.get(module.name, ())
    ]


def entry_names(house: House) -> list[str]:
    """What setup.cfg announces: the plugins' names."""
    lines = house.setup.get("options.entry_points", "tawkee", fallback="").split("\n")
    return [line.partition("=")[0].strip() for line in lines if "=" in line]


def strings(module: Module) -> list[ast.Constant]:
    """Every string constant that is not a docstring."""
    bodies = (n.body for n in ast.walk(module.tree) if isinstance(n, ast.Module | ast.ClassDef | ast.FunctionDef))
    docs = {id(body[0].value) for body in bodies if body and isinstance(body[0], ast.Expr)}
    found = (n for n in ast.walk(module.tree) if isinstance(n, ast.Constant) and isinstance(n.value, str))
    return [node for node in found if id(node) not in docs]


def plugins_import_public_names(house: House) -> list[str]:
    """A plugin says `from tawkee_core import X`, X public; it knows no other plugin and not the core's inside."""
    public = public_names(house)
    return [
        f"{module.where(each.line)} may not import {each.module} {each.name}".rstrip()
        for module in (*house.plugins(), *house.examples())
        for each in module.imports()
        if not plugin_may_import(module, each, public)
    ]


def plugin_may_import(module: Module, each: Import, public: set[str]) -> bool:
    top = each.module.partition(".")[0]
    if top == CORE:
        return each.module == CORE and each.name in public
    if top == module.package or top in sys.stdlib_module_names:
        return top not in CORE_ONLY
    return top not in CORE_ONLY and not top.startswith("tawkee_") and top in installed_packages()


@cache
def installed_packages() -> set[str]:
    return set(packages_distributions())


def public_names(house: House) -> set[str]:
    """`tawkee_core.__all__`, read without importing it."""
    for node in house.modules[CORE].tree.body:
        if isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == "__all__":
            return set(ast.literal_eval(node.value))
    return set()


def plugins_reach_in_by_no_name(house: House) -> list[str]:
    """Nor does a plugin get at the core's inside by a module's name in a string."""
    return [
        f"{module.where(node)} names {node.value!r}"
        for module in house.plugins()
        for node in strings(module)
        if re.match(rf"{CORE}\.\w", str(node.value))
    ]


def only_plugins_module_knows_pluggy(house: House) -> list[str]:
    return [
        f"{module.where(each.line)} imports pluggy"
        for module in house.core()
        for each in module.imports()
        if each.module.partition(".")[0] == "pluggy" and room_of(module.name) not in PLUGGY_MAY
    ] + [
        f"{module.where(node)} calls hooks past plugins.py"
        for module in house.core()
        for node in ast.walk(module.tree)
        if isinstance(node, ast.Attribute) and node.attr == "hook" and room_of(module.name) != "plugins"
    ]


def only_api_knows_the_request(house: House) -> list[str]:
    """Flask's `request` is the api's business, `current_app` the context's; plugins get plain data."""
    allowed = {"request": REQUEST_MAY, "current_app": CURRENT_APP_MAY, "session": set[str]()}
    return [
        f"{module.where(each.line)} imports flask's {each.name}"
        for module in house.core()
        for each in module.imports()
        if each.module == "flask" and room_of(module.name) not in allowed.get(each.name, {room_of(module.name)})
    ]


def hooks_know_no_request(house: House) -> list[str]:
    """A plugin's hooks stand in its `__init__`, and that knows no Flask: routes are modules of their own."""
    return [
        f"{module.where(each.line)} imports {each.module}"
        for module in house.plugins()
        for each in module.imports()
        if module.path.name == "__init__.py" and each.module.partition(".")[0] in ("flask", "werkzeug")
    ]


def http_goes_through_safe_http(house: House) -> list[str]:
    return [
        f"{module.where(each.line)} imports {client}: use safe_http"
        for module in house.modules.values()
        for each in module.imports()
        for client in HTTP_CLIENTS & {each.module, f"{each.module}.{each.name}", each.module.partition(".")[0]}
        if not any(f"{module.name}.".startswith(f"{place}.") for place in HTTP_MAY)
    ]


def imports_go_in_no_circle(house: House) -> list[str]:
    """No module needs itself while it is being imported."""
    needs = {module.name: starting_needs(house, module) for module in house.modules.values()}
    done: set[str] = set()
    return [found for name in sorted(needs) if (found := find_circle(name, needs, done, []))]


def starting_needs(house: House, module: Module) -> set[str]:
    """What must have been imported before a module is: its imports, and the packages that those stand in."""
    targets = {house.target(each) for each in module.imports() if each.at_start} - {""}
    return {above for target in targets for above in folders_of(target)} - set(folders_of(module.name))


def folders_of(name: str) -> list[str]:
    """`a.b.c` stands in `a.b` and in `a`, which are imported before it."""
    parts = name.split(".")
    return [".".join(parts[: number + 1]) for number in range(len(parts))]


def find_circle(name: str, needs: dict[str, set[str]], done: set[str], path: list[str]) -> str:
    if name in path:
        return " → ".join([*path[path.index(name) :], name])
    if name in done:
        return ""
    found = [circle for need in sorted(needs[name]) if (circle := find_circle(need, needs, done, [*path, name]))]
    done.add(name)
    return found[0] if found else ""
