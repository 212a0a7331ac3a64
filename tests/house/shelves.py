"""What stands on a shelf is shipped, announced and typed: three lists of setup.cfg agree with the folders."""

from .borders import entry_names
from .source import CORE, House


def lines_of(house: House, section: str, option: str) -> list[str]:
    return [line.strip() for line in house.setup.get(section, option, fallback="").split("\n") if line.strip()]


def pairs_of(house: House, section: str, option: str) -> dict[str, str]:
    found = (line.partition("=") for line in lines_of(house, section, option))
    return {name.strip(): value.strip() for name, _, value in found}


def packages_are_shipped(house: House) -> list[str]:
    """`packages` lists every package there is, and nothing that is gone."""
    found = {module.name for module in house.modules.values() if module.path.name == "__init__.py"}
    listed = set(lines_of(house, "options", "packages"))
    return [f"{name} is not in setup.cfg's packages" for name in sorted(found - listed)] + [
        f"setup.cfg ships {name}, which does not exist" for name in sorted(listed - found)
    ]


def shelves_are_mapped(house: House) -> list[str]:
    """`package_dir` says on which shelf each plugin stands."""
    expected = {name: str(folder.relative_to(house.root)) for name, folder in house.packages().items()}
    mapped = pairs_of(house, "options", "package_dir")
    return [
        f"{name} stands at {expected.get(name)}, package_dir says {mapped.get(name)}"
        for name in sorted(expected.keys() | mapped.keys())
        if expected.get(name) != mapped.get(name)
    ]


def plugins_are_announced(house: House) -> list[str]:
    """Every package of a shelf has an entry point, which is how the core finds it: no list in the core."""
    announced = {value.partition(":")[0].partition(".")[0] for value in pairs_of(house, ENTRIES, "tawkee").values()}
    names = entry_names(house)
    return [f"{name} has no entry point" for name in sorted(house.packages().keys() - announced)] + [
        f"the name {name} is announced {names.count(name)} times"
        for name in sorted(set(names))
        if names.count(name) > 1
    ]


def packages_are_typed(house: House) -> list[str]:
    folders = {CORE: house.root / CORE, **house.packages()}
    return [f"{name} has no py.typed" for name, folder in folders.items() if not (folder / "py.typed").is_file()]


ENTRIES = "options.entry_points"
