"""Finding plugins and speaking to them: to one by name, or to all. The only module that knows pluggy's manager."""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from importlib.metadata import EntryPoint, entry_points
from typing import Any, NamedTuple, cast

import pluggy
import structlog

from .contract import Mismatch, check_contract, check_requires, find_misfits
from .errors import UnknownPlugin
from .hookspecs import CHAPTERS, ChannelHooks, MailHooks, ModelHooks, VectorHooks
from .settings import Settings, split_list
from .types import ChannelInfo

GROUP = "tawkee"
log = structlog.get_logger()


class PluginReport(NamedTuple):
    """What is known of one plugin; `broken` says why it was left out."""

    name: str
    version: str
    distribution: str
    hooks: tuple[str, ...]
    broken: str | None = None


class One:
    """The hooks of one plugin, called as if nobody else were there. Wrappers of other plugins still run."""

    def __init__(self, manager: pluggy.PluginManager, plugin: Any) -> None:
        self._manager = manager
        self._plugin = plugin
        self._callers: dict[str, Callable[..., Any]] = {}

    def __getattr__(self, hook: str) -> Callable[..., Any]:
        if hook not in self._callers:
            implementations = getattr(self._manager.hook, hook).get_hookimpls()
            others = {i.plugin for i in implementations if not (i.wrapper or i.hookwrapper)} - {self._plugin}
            self._callers[hook] = self._manager.subset_hook_caller(hook, others)
        return self._callers[hook]


class Plugins:
    """The plugins of one application."""

    def __init__(self, blocked: Iterable[str] = ()) -> None:
        self.manager = pluggy.PluginManager(GROUP)
        for chapter in CHAPTERS:
            self.manager.add_hookspecs(chapter)
        self.broken: dict[str, str] = {}
        self._blocked = frozenset(blocked)
        self._entries: dict[str, EntryPoint] = {}
        self._ones: dict[str, One] = {}
        self._models: dict[str, str] = {}
        self._told: dict[str, dict[str, Any]] = {}

    def load_installed(self) -> None:
        """Load every installed plugin, each by itself: a broken one is kept in `broken` and stops nobody else."""
        entries = [e for e in entry_points(group=GROUP) if e.name not in self._blocked]
        for name, times in Counter(e.name for e in entries).items():
            if times > 1:
                self._leave_out(name, f"{times} installed distributions announce a plugin of this name")
        for entry in entries:
            self._entries[entry.name] = entry
            if entry.name not in self.broken:
                self._load_entry(entry)

    def _load_entry(self, entry: EntryPoint) -> None:
        try:
            check_requires(entry.dist)
            plugin = entry.load()
            check_contract(plugin)
            self.register(plugin, entry.name)
            check_info(self.channel(entry.name))
        except (Mismatch, pluggy.PluginValidationError) as error:
            self._leave_out(entry.name, str(error))
        except (Exception, SystemExit) as error:  # whatever a stranger's module raises, the others must load
            self._leave_out(entry.name, f"{type(error).__name__}: {error}")

    def register(self, plugin: Any, name: str) -> None:
        """Add a plugin. Raises PluginValidationError when it implements a hook that does not exist, or wrongly."""
        try:
            self.manager.register(plugin, name)
            self.manager.check_pending()
        except pluggy.PluginValidationError as error:
            self._remove(name)
            words = "; ".join(find_misfits(plugin, self._specs())) or str(error)
            raise pluggy.PluginValidationError(plugin, words) from error
        self._forget_answers()
        for hook, arguments in self._told.items():
            for implementation in getattr(self.manager.hook, hook).get_hookimpls():
                if implementation.plugin is plugin:
                    self._tell(implementation, arguments)

    def _forget_answers(self) -> None:
        self._ones.clear()
        self._models.clear()

    def _specs(self) -> dict[str, tuple[str, ...]]:
        """Every hook, and the arguments that it may take."""
        callers = vars(self.manager.hook)
        return {name: tuple(each.spec.argnames) for name, each in callers.items() if each.spec is not None}

    def _remove(self, name: str) -> None:
        if self.manager.get_plugin(name) is not None:
            self.manager.unregister(name=name)
        self._forget_answers()

    def _leave_out(self, name: str, why: str) -> None:
        self._remove(name)
        self.broken[name] = why
        log.warning("plugin_broken", plugin=name, reason=why)

    def ask(self, name: str) -> Any:
        """The hooks of one plugin by its name. Raises UnknownPlugin."""
        if name not in self._ones:
            plugin = self.manager.get_plugin(name)
            if plugin is None:
                raise UnknownPlugin(f"No plugin called {name!r} is installed.")
            self._ones[name] = One(self.manager, plugin)
        return self._ones[name]

    def check_chosen(self, settings: Settings) -> None:
        """Raises UnknownPlugin where a setting names a plugin that nobody installed. One that is broken, or blocked,
        is told of elsewhere, and the rest works without it."""
        for setting, name in (("TAWKEE_VECTORS", settings.vectors), ("TAWKEE_MAIL", settings.mail)):
            known = {*self._entries, *self.broken, *self._blocked}
            if name and name not in known and not self.manager.has_plugin(name):
                raise UnknownPlugin(f"{setting} names {name!r}, which is not installed: see `tawkee plugins`.")

    def channel(self, kind: str) -> ChannelHooks:
        return cast(ChannelHooks, self.ask(kind))

    def vectors(self, settings: Settings) -> VectorHooks:
        return cast(VectorHooks, self.ask(settings.vectors))

    def mail(self, settings: Settings) -> MailHooks:
        return cast(MailHooks, self.ask(settings.mail))

    def model(self, settings: Settings, model: str) -> ModelHooks:
        """The plugin that lists this model. Raises UnknownPlugin."""
        if model not in self._models:
            self._models = {
                m.id: name for name, models in self.collect("model_list", settings=settings) for m in models
            }
        if model not in self._models:
            raise UnknownPlugin(f"No plugin offers the model {model!r}.", slug="unknown_model")
        return cast(ModelHooks, self.ask(self._models[model]))

    def names(self, hook: str) -> list[str]:
        """The names of the plugins that implement a hook, in order."""
        implementations = getattr(self.manager.hook, hook).get_hookimpls()
        return sorted(i.plugin_name for i in implementations if not (i.wrapper or i.hookwrapper))

    def collect(self, hook: str, **arguments: Any) -> Iterator[tuple[str, Any]]:
        """Ask every plugin in turn: its name and its answer, where it has one. One that raises is skipped."""
        for name in self.names(hook):
            try:
                answer = getattr(self.ask(name), hook)(**arguments)
            except Exception:  # one plugin's failure must not reach the others
                log.exception("plugin_failed", plugin=name, hook=hook)
                continue
            answer = answer[0] if isinstance(answer, list) and not self._first_only(hook) else answer
            if answer is not None:
                yield name, answer

    def _first_only(self, hook: str) -> bool:
        return bool(getattr(self.manager.hook, hook).spec.opts.get("firstresult"))

    def call_historic(self, hook: str, **arguments: Any) -> None:
        """Call a historic hook now, and for each plugin registered later. One that raises is left out as broken."""
        self._told[hook] = arguments
        for implementation in getattr(self.manager.hook, hook).get_hookimpls():
            self._tell(implementation, arguments)

    def _tell(self, implementation: pluggy.HookImpl, arguments: dict[str, Any]) -> None:
        try:
            implementation.function(**{name: arguments[name] for name in implementation.argnames})
        except Exception as error:  # whatever a stranger's start-up raises, the others must start
            self._leave_out(implementation.plugin_name, f"{type(error).__name__}: {error}")

    def call_all(self, hook: str, **arguments: Any) -> None:
        """Call a hook of every plugin, each by itself: one that raises is logged and silences nobody."""
        for name in self.names(hook):
            try:
                getattr(self.ask(name), hook)(**arguments)
            except Exception:  # one plugin's failure must not reach the others
                log.exception("plugin_failed", plugin=name, hook=hook)

    def report(self) -> list[PluginReport]:
        """What is installed, and what is broken and why."""
        loaded = {name for name, _ in self.manager.list_name_plugin()}
        return [self._report_one(name) for name in sorted(loaded | set(self.broken) | set(self._entries))]

    def _report_one(self, name: str) -> PluginReport:
        plugin = self.manager.get_plugin(name)
        callers = (self.manager.get_hookcallers(plugin) or []) if plugin else []
        entry = self._entries.get(name)
        distribution = entry.dist if entry else None
        return PluginReport(
            name=name,
            version=distribution.version if distribution else "",
            distribution=distribution.name if distribution else "",
            hooks=tuple(sorted(caller.name for caller in callers)),
            broken=self.broken.get(name),
        )


def check_info(channel: ChannelHooks) -> None:
    """Raise Mismatch when what `channel_info` says of a channel is none: every list of channels asks for it."""
    try:
        info = channel.channel_info()
    except Exception as error:  # whatever a stranger's module raises
        raise Mismatch(f"its channel_info raised {type(error).__name__}: {error}") from error
    if not isinstance(info, ChannelInfo | None):
        raise Mismatch(f"its channel_info returned {type(info).__name__}, not a ChannelInfo")


def load_plugins(settings: Settings, extra: Iterable[tuple[str, Any]] = ()) -> Plugins:
    """The installed plugins, and `extra` ones given as (name, module)."""
    plugins = Plugins(split_list(settings.blocked_plugins))
    plugins.load_installed()
    for name, plugin in extra:
        plugins.register(plugin, name)
    return plugins
