"""Finding plugins by name: entry points of installed packages, and files named with `--plugin`."""

from __future__ import annotations

import hashlib
import importlib.util
import inspect
import re
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from hbench.errors import HbenchError, UsageError, suggest
from hbench.files import first_line, short_repr, shorten
from hbench.plugins import KindDeclaration, Scorer, Task
from hbench.plugins.checks import check_class, check_name, check_scorer
from hbench.plugins.composed import Selection, check_parts
from hbench.plugins.installed import Entry, installed
from hbench.plugins.references import changed_options, configure, join_reference, split_parts

if TYPE_CHECKING:
    from _typeshed import DataclassInstance

P = TypeVar("P", bound="DataclassInstance")

#: Where a word begins inside the name of a class: a capital behind a small letter, or the last of several capitals.
_WORDS = re.compile(r"(?<=[a-z])(?=[A-Z])|(?<=[A-Z0-9])(?=[A-Z][a-z])")


@dataclass(frozen=True)
class Named(Generic[P]):
    """A plugin with its options set, and the canonical text that names it, such as `el2n[epoch=2]`."""

    ref: str
    #: The reference without options: the name under which it is registered, with what it is made of behind it.
    name: str
    plugin: P
    #: What it is made of, in parentheses in the reference; empty for most.
    parts: tuple[Named[P], ...] = ()

    @property
    def options(self) -> dict[str, object]:
        """Options that differ from their defaults."""
        return changed_options(self.plugin)


class Registry(Generic[P]):
    """The plugins of one group of entry points, which are read once, each plugin loaded only when it is named."""

    def __init__(self, group: str, noun: str, base: type[P]) -> None:
        self.group = group
        self.noun = noun
        self.base = base
        self._entries: dict[str, Entry] | None = None
        self._added: dict[str, type[P]] = {}
        #: Classes that have passed the checks, by their entry.
        self._loaded: dict[tuple[str, str], type[P]] = {}

    def names(self) -> list[str]:
        """Return all known names, sorted."""
        return sorted({*self._points(), *self._added})

    def load(self, name: str) -> type[P]:
        """Return the class behind a name.

        Raises UsageError for an unknown name, an entry of the wrong type or a class that declares what cannot be.
        """
        if name in self._added:
            return self._added[name]
        points = self._points()
        if name not in points:
            raise UsageError(f"unknown {self.noun} '{shorten(name)}'{suggest(name, self.names())}")
        loaded = self._loaded.get((name, points[name].value))
        if loaded is not None:
            return loaded
        try:
            cls = points[name].load()
        except Exception as error:  # a third party's package is imported here and may raise anything
            raise UsageError(
                f"{self.noun} '{name}' ({points[name].value}) cannot be loaded: {type(error).__name__}: {error}; "
                "update or remove the package that registers it"
            ) from error
        if not (inspect.isclass(cls) and issubclass(cls, self.base)):
            raise UsageError(
                f"{self.noun} '{name}' ({points[name].value}) is not a subclass of {self.base.__name__}; "
                f"let the entry point name a subclass of hbench.{self.base.__name__}"
            )
        check_name(name, self.noun, points[name].value)
        check_class(cls, name, self.noun)
        self._loaded[name, points[name].value] = cls
        return cls

    def find(self, reference: str) -> Named[P]:
        """Return the plugin that a reference such as `el2n[epoch=2]` names, its options set."""
        name, inside, options = split_parts(reference)
        cls = self.load(name)
        parts = tuple(map(self.find, inside))
        check_parts(cls, name, self.noun, [(part.ref, part.plugin) for part in parts])
        refs = [part.ref for part in parts]
        given = {"of": tuple(part.plugin for part in parts)} if parts else {}
        try:
            plugin = configure(cls, name, options, **given)
            if isinstance(plugin, Scorer):
                check_scorer(plugin, name)
        except HbenchError:
            raise
        except Exception as error:  # the plugin's own code checks its options here and may raise anything
            raise UsageError(
                f"{self.noun} '{shorten(reference)}' cannot be made: {type(error).__name__}: {first_line(error)}; "
                f"give other options, or fix {cls.__name__} in {inspect.getfile(cls)}"
            ) from error
        ref = join_reference(name, changed_options(plugin), refs)
        return Named(ref, join_reference(name, {}, refs), plugin, parts)

    def add(self, name: str, cls: type[P]) -> None:
        """Register a class under a name for this process.

        Raises UsageError for a name that is taken or cannot be written, and a class that declares what cannot be.
        """
        check_name(name, self.noun, inspect.getfile(cls))
        check_class(cls, name, self.noun)
        taken = self._added.get(name)
        if name in self._points() or (taken is not None and taken.__module__ != cls.__module__):
            raise UsageError(
                f"{self.noun} '{name}' exists already; give the one in {inspect.getfile(cls)} another name"
            )
        self._added[name] = cls

    def _points(self) -> dict[str, Entry]:
        if self._entries is None:
            self._entries = dict(installed("hbench.").get(self.group, {}))
        return self._entries


# mypy refuses an abstract class as an argument since it could be instantiated; a registry only asks for its subclasses.
SCORERS: Registry[Scorer] = Registry("hbench.scorers", "scorer", Scorer)  # type: ignore[type-abstract] # see above
TASKS: Registry[Task] = Registry("hbench.tasks", "task", Task)
KINDS: Registry[KindDeclaration] = Registry("hbench.kinds", "kind of task", KindDeclaration)


def scorer(reference: str) -> Scorer:
    """Return the scorer that a reference such as `cartography[region=hard]` names."""
    return SCORERS.find(reference).plugin


def task(reference: str) -> Task:
    """Return the task that a reference such as `snli` names."""
    return TASKS.find(reference).plugin


def plugin_name(cls: type[Any]) -> str:
    """Return the name a class from a plugin file goes by: its `name` attribute, or HScore -> h-score, AUM -> aum.

    Raises UsageError when `name` is not a string.
    """
    declared = cls.__dict__.get("name")
    if isinstance(declared, str):
        return declared
    if declared is not None:
        raise UsageError(f"{inspect.getfile(cls)}: {cls.__name__}.name = {short_repr(declared)}; use a string")
    return "-".join(_WORDS.sub(" ", cls.__name__).replace("_", " ").split()).lower()


def load_plugin_file(path: Path) -> list[str]:
    """Run a Python file named by the user and register every Scorer, Task and Kind it defines; return their names.

    Raises UsageError when the file is missing, has a syntax error, fails to import or defines no plugin.
    """
    path = Path(path)
    if not path.is_file():
        raise UsageError(f"--plugin {path}: no such file; give the path of a Python file")
    module_name = f"hbench_plugin_{path.stem}_{hashlib.sha256(str(path.resolve()).encode()).hexdigest()[:8]}"
    spec = importlib.util.spec_from_file_location(module_name, path)
    if spec is None or spec.loader is None:
        raise UsageError(f"--plugin {path}: not a Python file; its name has to end in .py")
    module = importlib.util.module_from_spec(spec)
    sys.modules[module_name] = module
    try:
        spec.loader.exec_module(module)
    except SyntaxError as error:
        elsewhere = error.filename is not None and Path(error.filename).resolve() != path.resolve()
        place = error.filename if elsewhere else path  # a module that the file imports, or the file
        raise UsageError(f"--plugin {place}, line {error.lineno}: {error.msg}; fix the syntax") from None
    except Exception as error:  # the user's own code runs here and may raise anything
        fix = "write @dataclass(frozen=True)" if "frozen" in str(error) else "the file has to import cleanly"
        raise UsageError(f"--plugin {path}: {type(error).__name__}: {error}; {fix}") from error
    names = []
    for registry in (SCORERS, TASKS, KINDS):
        for cls in vars(module).values():
            own = inspect.isclass(cls) and cls.__module__ == module_name
            if own and issubclass(cls, registry.base) and not inspect.isabstract(cls):
                registry.add(plugin_name(cls), cls)
                names.append(plugin_name(cls))
    if not names:
        raise UsageError(f"--plugin {path}: defines no scorer and no task; subclass hbench.Scorer or hbench.Task")
    return names


def source_digest(cls: type[Any]) -> str:
    """Return the sha256 of the file that defines a class, so that an edited scorer is scored anew."""
    return hashlib.sha256(Path(inspect.getfile(cls)).read_bytes()).hexdigest()


def sources_digest(named: Named[Any]) -> str:
    """Return the digest of the file that defines a plugin; of one made of others, of all their files together."""
    own = source_digest(type(named.plugin))
    if not named.parts:
        return own
    return hashlib.sha256("\n".join([own, *map(sources_digest, named.parts)]).encode()).hexdigest()


def scored(named: Named[Scorer]) -> Named[Scorer]:
    """Return the scorer whose scores a scorer uses: that inside a selection such as `ccs(aum)`, else itself."""
    return named.parts[0] if isinstance(named.plugin, Selection) else named


def with_parts(named: Named[Scorer]) -> list[Named[Scorer]]:
    """Return a scorer and all that it is made of, however deep."""
    return [named, *(inner for part in named.parts for inner in with_parts(part))]
