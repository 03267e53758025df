"""Checks of a plugin class when it is loaded, and of a plugin when its options are set: what is wrong, and the fix."""

from __future__ import annotations

import dataclasses
import inspect
import re
from typing import Any

from hbench.dynamics.signals import CAPTURES
from hbench.errors import UsageError
from hbench.files import first_line, short_repr
from hbench.plugins.observation import Observation, Texts, observe
from hbench.plugins.option_types import TYPES, hints_of, unreadable
from hbench.plugins.references import options_of
from hbench.plugins.scorer import Scorer

#: Ends of the scores that `keep` may name.
ENDS = ("highest", "lowest", "middle")
#: What a plugin may be called: it has to fit a reference, a file name and a table.
_NAME = re.compile(r"\w[\w.+-]*")
#: Attributes that the engine reads of a scorer, which an option of the same name would replace.
_DECLARED = (
    *("needs", "cite", "fresh", "per_example", "name"),
    *("score", "prefer", "natural", "pick", "combine", "observation", "observations", "reads_texts"),
)
#: Methods of a scorer and the arguments that the engine calls them with.
_METHODS = {
    "score": ("dynamics",),
    "prefer": ("scores", "runs"),
    "natural": ("scores", "runs"),
    "pick": ("preference", "count", "random"),
    "combine": ("preferences",),
}
_FROZEN = "write @dataclass(frozen=True) above the class"


def check_name(name: str, noun: str, where: str) -> None:
    """Refuse a name that a reference, a file or the board cannot hold. Raises UsageError."""
    if not _NAME.fullmatch(name):
        raise UsageError(
            f"{noun} {short_repr(name)} in {where}: a name is made of letters, digits, - . _ + and starts with "
            "a letter or a digit; set another one as the class attribute `name`"
        )
    if noun == "scorer" and _reads_as_number(name):
        raise UsageError(
            f"scorer '{name}' in {where}: `keep` would read the name as a number; "
            "set another one as the class attribute `name`"
        )


def check_class(cls: type[Any], name: str, noun: str) -> None:
    """Refuse a class whose declarations cannot be meant as they are. Raises UsageError naming it, the file and the fix.

    noun: `scorer` or `task`.
    """
    who = f"{noun} '{name}' ({_file(cls)})"
    parameters = cls.__dict__.get("__dataclass_params__")
    if parameters is None:
        raise UsageError(f"{who}: {cls.__name__} is not a dataclass, so its options would be ignored; {_FROZEN}")
    if not parameters.frozen:
        raise UsageError(f"{who}: {cls.__name__} can be changed after it is made; {_FROZEN}")
    _check_options(cls, who)
    if issubclass(cls, Scorer):
        _check_shadowing(cls, who)
        _check_declarations(cls, who)
        for method, arguments in _METHODS.items():
            if hasattr(cls, method):
                _check_method(cls, method, arguments, who)


def check_scorer(scorer: Scorer, name: str) -> None:
    """Refuse a scorer whose `needs` or `keep`, which may follow from its options, are not what they have to be.

    Raises UsageError.
    """
    who = f"scorer '{name}' ({_file(type(scorer))})"
    _check_needs(scorer.needs, who)
    if type(scorer).prefer is Scorer.prefer:
        _check_keep(scorer.keep, who)
        if scorer.per_example and scorer.keep == "middle":
            raise UsageError(f"{who}: keep = 'middle' ranks all the examples; leave per_example = True out")
    try:
        hash(scorer)
    except TypeError as error:
        raise UsageError(f"{who}: it cannot be hashed ({first_line(error)}); use tuples for lists") from None


def _check_options(cls: type[Any], who: str) -> None:
    try:
        hints = hints_of(cls)
    except (NameError, TypeError, SyntaxError, AttributeError) as error:
        raise UsageError(
            f"{who}: the annotation of a class attribute cannot be read ({first_line(error)}); "
            "import what it names outside TYPE_CHECKING, or leave the annotation out"
        ) from None
    for option in options_of(cls):
        if bad := unreadable(hints[option.name]):
            raise UsageError(f"{who}: option '{option.name}' has the type {bad}; use {TYPES}")
        if option.default != option.default:
            raise UsageError(f"{who}: option '{option.name}' is NaN by default; use None for no value")


def _check_shadowing(cls: type[Any], who: str) -> None:
    own = {option.name for option in options_of(cls)}
    for name in _DECLARED:
        if name in own:
            raise UsageError(
                f"{who}: `{name}` has an annotation, which makes it an option; "
                f"leave the annotation of `{name}` out, or give the option another name"
            )
    if "keep" in own and cls.prefer is Scorer.prefer:
        raise UsageError(
            f"{who}: an option `keep` replaces the direction of the scores; define `prefer` as well, or rename it"
        )
    hints, shared = hints_of(cls), hints_of(Scorer)
    for option in dataclasses.fields(Scorer):
        if hints[option.name] != shared[option.name]:
            raise UsageError(f"{who}: option '{option.name}' is one that every scorer has; give yours another name")


def _check_declarations(cls: type[Any], who: str) -> None:
    """Check what the class declares itself; what it computes as a property, `check_scorer` checks."""
    needs, keep = cls.needs, cls.keep
    if not _computed(needs):
        _check_needs(needs, who)
    if not _computed(keep) and cls.prefer is Scorer.prefer:
        _check_keep(keep, who)
    for name in ("fresh", "per_example"):
        value = getattr(cls, name)
        if type(value) is not bool and not _computed(value):
            raise UsageError(f"{who}: {name} = {short_repr(value)}; use True or False")
    if cls.cite is not None and not (isinstance(cls.cite, str) and re.fullmatch(r"[^\s{},]+", cls.cite)):
        raise UsageError(f"{who}: cite = {short_repr(cls.cite)}; use one key of a BibTeX file, or None")


def _check_needs(needs: Any, who: str) -> None:
    if needs is None or isinstance(needs, Texts):
        return
    if not isinstance(needs, Observation):
        signal = needs[0] if isinstance(needs, tuple | list) and needs else needs
        example = signal if isinstance(signal, str) else "loss"
        raise UsageError(f'{who}: needs = {short_repr(needs)}; write needs = observe("{example}", at="{CAPTURES[0]}")')
    try:
        observe(*needs.signals, at=needs.at, epochs=needs.epochs)
    except (UsageError, TypeError) as error:
        raise UsageError(f"{who}: needs: {first_line(error)}") from None


def _check_keep(keep: Any, who: str) -> None:
    if keep not in ENDS:
        raise UsageError(f"{who}: keep = {short_repr(keep)}; use {', '.join(map(repr, ENDS[:-1]))} or {ENDS[-1]!r}")


def _check_method(cls: type[Any], method: str, arguments: tuple[str, ...], who: str) -> None:
    defined = inspect.getattr_static(cls, method)
    function = getattr(cls, method)
    taken = len(arguments) + (not isinstance(defined, staticmethod | classmethod))  # self
    try:
        inspect.signature(function).bind(*range(taken))
    except (TypeError, ValueError):
        wanted = f"{method}({', '.join(('self', *arguments))})"
        raise UsageError(f"{who}: `{method}` does not take the arguments it is given; write def {wanted}") from None


def _computed(value: Any) -> bool:
    return hasattr(value, "__get__")


def _reads_as_number(name: str) -> bool:
    try:
        float(name)
    except ValueError:
        return False
    return True


def _file(cls: type[Any]) -> str:
    try:
        return inspect.getfile(cls)
    except (OSError, TypeError):  # made in an interactive session
        return cls.__module__
