"""Plugins: found, asked, told, and left out when broken."""

import sys
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any

import pluggy
import pytest

from tawkee_core import hookimpl
from tawkee_core.errors import UnknownPlugin
from tawkee_core.hookspecs import CHAPTERS
from tawkee_core.plugins import Plugins, load_plugins
from tawkee_core.settings import Settings
from tawkee_core.types import ChannelInfo, Label, Model


class Greeter:
    """A channel and a model at once."""

    def __init__(self, name: str) -> None:
        self.name = name

    @hookimpl
    def channel_info(self) -> ChannelInfo:
        return ChannelInfo(Label(self.name, self.name), "opaque")

    @hookimpl
    def model_list(self) -> list[Model]:
        return [Model(f"{self.name}/small", self.name, self.name)]


def loaded(*names: str) -> Plugins:
    plugins = Plugins()
    for name in names:
        plugins.register(Greeter(name), name)
    return plugins


def test_one_plugin_is_asked_by_its_name() -> None:
    info = loaded("one", "two").channel("two").channel_info()
    assert info is not None and info.label.en == "two"


def test_a_hook_that_a_plugin_has_not_got_answers_none() -> None:
    assert loaded("one").ask("one").channel_qr(channel=None) is None


def test_an_unknown_plugin_or_model_is_an_error() -> None:
    with pytest.raises(UnknownPlugin):
        loaded("one").channel("nobody")
    with pytest.raises(UnknownPlugin):
        loaded("one").model(Settings(), "nobody/x")


def test_a_model_is_found_by_its_id_also_when_its_plugin_came_later() -> None:
    plugins = loaded("one")
    plugins.model(Settings(), "one/small")
    plugins.register(Greeter("two"), "two")
    assert list(plugins.model(Settings(), "two/small").model_list(settings=Settings()) or ())[0].id == "two/small"


def test_all_are_asked_in_order() -> None:
    assert [name for name, _ in loaded("two", "one").collect("channel_info")] == ["one", "two"]


class Listener:
    def __init__(self, heard: list[str], name: str) -> None:
        self.heard, self.name = heard, name

    @hookimpl
    def worker_started(self) -> None:
        if self.name == "clumsy":
            raise RuntimeError("stumbled")
        self.heard.append(self.name)


def test_one_that_raises_silences_nobody() -> None:
    heard: list[str] = []
    plugins = Plugins()
    for name in ("first", "clumsy", "last"):
        plugins.register(Listener(heard, name), name)
    plugins.call_all("worker_started", settings=Settings(), trained=False)
    assert heard == ["first", "last"]


def test_a_plugin_that_arrives_later_still_gets_what_was_told_at_start() -> None:
    told: list[Any] = []
    plugins = Plugins()
    plugins.call_historic("register_blueprints", api="the api")
    plugins.register(SimpleNamespace(register_blueprints=hookimpl(lambda api: told.append(api))), "late")
    assert told == ["the api"]


def test_one_that_fails_at_the_start_is_left_out_and_the_others_start() -> None:
    told: list[str] = []

    def fail(api: str) -> None:
        raise RuntimeError("no route for me")

    plugins = loaded("one")
    plugins.register(SimpleNamespace(register_blueprints=hookimpl(fail)), "clumsy")
    plugins.register(SimpleNamespace(register_blueprints=hookimpl(lambda api: told.append(api))), "good")
    plugins.call_historic("register_blueprints", api="the api")
    plugins.register(SimpleNamespace(register_blueprints=hookimpl(fail)), "late and clumsy")
    assert told == ["the api"]
    assert {name: "no route for me" in why for name, why in plugins.broken.items()} == {
        "clumsy": True,
        "late and clumsy": True,
    }
    assert plugins.names("register_blueprints") == ["good"]


def misspelt() -> ModuleType:
    module = ModuleType("misspelt")
    module.__dict__["chanel_send"] = hookimpl(lambda channel: None)
    return module


def test_a_hook_that_does_not_exist_is_refused_and_the_plugin_left_out() -> None:
    plugins = loaded("one")
    with pytest.raises(pluggy.PluginValidationError, match="chanel_send"):
        plugins.register(misspelt(), "misspelt")
    assert plugins.names("channel_info") == ["one"]


HEAD = "import sys\nfrom tawkee_core import hookimpl\n"
ODD_MODULES = {
    "p_exits": "sys.exit('no key')\n",
    "p_argument": "@hookimpl\ndef channel_parse(payload): ...\n",
    "p_info_raises": "@hookimpl\ndef channel_info(): raise KeyError('label')\n",
    "p_info_dict": "@hookimpl\ndef channel_info(): return {}\n",
}


@pytest.fixture
def distributions(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder on the path in which each made-up distribution announces plugins."""

    def announce(distribution: str, points: str, **modules: str) -> None:
        folder = tmp_path / f"{distribution.replace('-', '_')}-1.2.dist-info"
        folder.mkdir()
        (folder / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {distribution}\nVersion: 1.2\n")
        (folder / "entry_points.txt").write_text(f"[tawkee]\n{points}\n")
        for name, text in modules.items():
            (tmp_path / f"{name}.py").write_text(text)

    announce(
        "p-good",
        "p_good = p_good_module",
        p_good_module="from tawkee_core import hookimpl\n@hookimpl\ndef worker_started(): ...\n",
    )
    announce("p-raises", "p_raises = p_raises_module", p_raises_module="raise RuntimeError('no such library')\n")
    announce("p-missing", "p_missing = p_module_that_is_not_there")
    announce(
        "p-misspelt",
        "p_misspelt = p_misspelt_module",
        p_misspelt_module="from tawkee_core import hookimpl\n@hookimpl\ndef chanel_send(): ...\n",
    )
    for name, text in ODD_MODULES.items():
        announce(name, f"{name} = {name}_module", **{f"{name}_module": HEAD + text})
    announce("p-twice-a", "p_twice = p_good_module")
    announce("p-twice-b", "p_twice = p_good_module")
    monkeypatch.syspath_prepend(str(tmp_path))
    return tmp_path


@pytest.mark.usefixtures("distributions")
def test_broken_plugins_are_told_with_their_reason_and_stop_nobody() -> None:
    plugins = load_plugins(Settings(), [("given", Greeter("given"))])
    report = {each.name: each for each in plugins.report()}
    assert (report["p_good"].version, report["p_good"].distribution) == ("1.2", "p-good")
    assert report["p_good"].hooks == ("worker_started",) and report["p_good"].broken is None
    assert "no such library" in str(report["p_raises"].broken)
    assert "p_module_that_is_not_there" in str(report["p_missing"].broken)
    assert report["p_misspelt"].broken == "there is no hook 'chanel_send': did you mean 'channel_send'?"
    assert report["p_argument"].broken == "channel_parse is given no 'payload', it may take channel, headers, body"
    assert report["p_exits"].broken == "SystemExit: no key"
    assert report["p_info_raises"].broken == "its channel_info raised KeyError: 'label'"
    assert report["p_info_dict"].broken == "its channel_info returned dict, not a ChannelInfo"
    assert {"p_info_raises", "p_info_dict"}.isdisjoint(plugins.names("channel_info"))
    assert "2 installed distributions" in str(report["p_twice"].broken)
    assert report["given"].broken is None
    assert "p_good" in plugins.names("worker_started")
    sys.modules.pop("p_good_module", None)


@pytest.mark.usefixtures("distributions")
def test_a_blocked_plugin_is_not_even_imported() -> None:
    sys.modules.pop("p_good_module", None)
    plugins = load_plugins(Settings(blocked_plugins="p_good, p_raises,p_twice"))
    assert "p_good" not in {each.name for each in plugins.report()}
    assert "p_good_module" not in sys.modules


@pytest.mark.parametrize("chapter", CHAPTERS)
def test_every_hook_has_a_sentence(chapter: type) -> None:
    hooks = {name: hook for name, hook in vars(chapter).items() if hasattr(hook, "tawkee_spec")}
    assert hooks
    for name, hook in hooks.items():
        assert (hook.__doc__ or "").strip().endswith("."), name


def announce(folder: Path, name: str, requires: str = "", module: str = "") -> None:
    """A made-up distribution with one plugin."""
    info = folder / f"{name}-2.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: 2.0\n{requires}")
    (info / "entry_points.txt").write_text(f"[tawkee]\n{name} = {name}_module\n")
    (folder / f"{name}_module.py").write_text(module)


@pytest.mark.parametrize(
    ("requires", "module", "broken"),
    [
        ("", "TAWKEE_CONTRACT = 1\n", None),
        ("", "TAWKEE_CONTRACT = '1'\n", "written for contract '1', this Tawkee speaks contract 1"),
        ("", "TAWKEE_CONTRACT = 2\n", "written for contract 2, this Tawkee speaks contract 1"),
        ("Requires-Dist: tawkee\n", "", None),
        ("Requires-Dist: tawkee<100,>=0.0.1\n", "", None),
        ("Requires-Dist: tawkee>=99\n", "raise SystemError\n", "requires tawkee >=99, this is tawkee "),
        ("Requires-Dist: Tawkee (>=99) ; extra == 'new'\n", "", None),
        ("Requires-Dist: tawkee-other>=99\n", "", None),
        ("Requires-Dist: tawkee >> 3\n", "", "its requirement 'tawkee >> 3' cannot be read"),
    ],
)
def test_plugins_for_another_tawkee_are_left_out(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, requires: str, module: str, broken: str | None
) -> None:
    announce(tmp_path, "p_range", requires, module)
    monkeypatch.syspath_prepend(str(tmp_path))
    sys.modules.pop("p_range_module", None)
    (report,) = [each for each in load_plugins(Settings()).report() if each.name == "p_range"]
    assert (report.version, report.distribution) == ("2.0", "p_range")
    assert report.broken is None if broken is None else str(report.broken).startswith(broken)
