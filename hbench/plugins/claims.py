"""What the authors of a method claim, in a form that a board can answer.

The claims of a scorer are a file beside its module, `h_score.claims.toml` beside `h_score.py`: apart from the code, so
that a better wording changes no score and trains nothing again.
"""

from __future__ import annotations

import inspect
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any, Literal, get_args

from hbench.errors import UsageError, suggest
from hbench.files import JsonObject, read_text, short_repr
from hbench.plugins.references import changed_options

#: What a claim compares, answered from the verdicts of the board; `size varies`, from the sizes of natural subsets;
#: `other`, a claim that no board of this form can test.
Relation = Literal["not worse than full", "better than", "worse than", "size varies", "other"]
#: How the claim is known: read in the paper or the authors' code, in its abstract, or reported by others.
Read = Literal["paper", "abstract", "third party"]
#: Characters of a text.
_LONGEST = 400
#: What stands for the random subset of the same size in `against`.
RANDOM = "random"
#: What stands for the size of the method's own subset in a file.
NATURAL = "natural"


@dataclass(frozen=True)
class Claim:
    """One claim of a method's authors, with the setting in which they make it."""

    #: The claim in a sentence of ours, without a full stop.
    text: str
    #: Paper with table, figure or section, such as `Tayaranian et al. 2024, abstract`.
    source: str
    read: Read
    relation: Relation
    #: Of `better than` and `worse than`: the method compared with, `random` for the random subset of the same size.
    against: str | None = None
    #: Names of the tasks it is about; empty for any.
    tasks: tuple[str, ...] = ()
    #: Lowest and highest share of the examples kept that it is about; None for the method's own subset.
    kept: tuple[float, float] | None = (0.0, 1.0)
    #: Of `not worse than full`: the loss that it allows, as a share of 1; None for the margin of the board.
    loss: float | None = None
    #: Budget of the comparison, None for any.
    budget: str | None = None
    #: Whether it is about examples of other data sets: further sets answer it, and the task's own split does not.
    further: bool = False
    #: Their model, rows and seeds.
    setting: str = ""
    #: Their figure, as they print it.
    figure: str = ""
    #: Options that the scorer has to have for the claim to be about it.
    options: Mapping[str, object] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for name in ("text", "source"):
            if not getattr(self, name).strip():
                raise UsageError(f"a claim has no {name}; write it")
        _check_choice("relation", self.relation, get_args(Relation))
        _check_choice("read", self.read, get_args(Read))
        if (self.relation in ("better than", "worse than")) != (self.against is not None):
            raise UsageError(
                f"claim '{self.text}': `against` names the method of 'better than' and 'worse than', and of no other"
            )
        if self.loss is not None and (self.relation != "not worse than full" or not 0 < self.loss < 1):
            raise UsageError(
                f"claim '{self.text}': loss = {self.loss}; use a share above 0 and below 1, "
                "and with 'not worse than full' only"
            )
        if self.kept is not None and not (len(self.kept) == 2 and 0 <= self.kept[0] <= self.kept[1] <= 1):
            raise UsageError(
                f"claim '{self.text}': kept = {self.kept!r}; use two shares, the lower first, or 'natural'"
            )

    def as_json(self) -> JsonObject:
        """Return the object that `claim_from` reads, without what is at its default."""
        made: JsonObject = {}
        for declared in fields(self):
            value = getattr(self, declared.name)
            default = {} if declared.name == "options" else declared.default
            if value != default:
                made[declared.name] = list(value) if isinstance(value, tuple) else value
        return made if self.kept is not None else made | {"kept": NATURAL}

    def covers(self, task: str, share: float | None) -> bool:
        """Return whether it is about a task, by name without options, at a share of the examples kept.

        share: None for the method's own subset.
        """
        if self.tasks and task not in self.tasks:
            return False
        if share is None or self.kept is None:
            return share is None and self.kept is None
        return self.kept[0] <= share <= self.kept[1]


def claims_of(plugin: Any) -> tuple[Claim, ...]:
    """Return the claims about a scorer with its options, none where its module has no file of claims beside it.

    Raises UsageError naming the file and what is wrong in it.
    """
    claims = register_of(type(plugin))
    own = {f.name: getattr(plugin, f.name) for f in fields(plugin)}
    changed = changed_options(plugin)
    return tuple(
        claim
        for claim in claims
        if all(own[name] == value for name, value in claim.options.items()) and set(changed) <= set(claim.options)
    )


def register_of(cls: type[Any]) -> tuple[Claim, ...]:
    """Return all claims about the scorers of a class. Raises UsageError naming the file and what is wrong in it."""
    path = Path(inspect.getfile(cls)).with_suffix(".claims.toml")
    if not path.is_file():
        return ()
    claims, options = read_claims(path), [f.name for f in fields(cls)]
    for claim in claims:
        for name in claim.options:
            if name not in options:
                raise UsageError(f"{path}: claim '{claim.text}': option '{name}' is unknown{suggest(name, options)}")
    return claims


def read_claims(path: Path) -> tuple[Claim, ...]:
    """Return the claims of a file, in its order. Raises UsageError naming the file and what is wrong in it."""
    try:
        table = tomllib.loads(read_text(path, UsageError))
    except (tomllib.TOMLDecodeError, RecursionError, ValueError) as error:
        raise UsageError(f"{path}: malformed TOML: {error}; fix the line") from None
    entries = table.pop("claim", [])
    if table or not isinstance(entries, list):
        raise UsageError(f"{path}: holds {short_repr(next(iter(table), entries))}; use [[claim]] tables only")
    try:
        return tuple(claim_from(entry) for entry in entries)
    except UsageError as error:
        raise UsageError(f"{path}: {error}") from None


def claim_from(entry: JsonObject) -> Claim:
    """Return the claim that a table of JSON or TOML holds. Raises UsageError for a key or a value that cannot be."""
    known = {f.name for f in fields(Claim)}
    for name, value in entry.items():
        if name not in known:
            raise UsageError(f"claim: unknown key '{name}'{suggest(name, known)}")
        _check_type(name, value)
    absent = [name for name in ("text", "source", "read", "relation") if name not in entry]
    if absent:
        raise UsageError(f"claim {short_repr(entry.get('text', ''))}: '{absent[0]}' is missing; add it")
    values = dict(entry)
    if "tasks" in values:
        values["tasks"] = tuple(values["tasks"])
    if "kept" in values:
        values["kept"] = None if values["kept"] == NATURAL else tuple(map(float, values["kept"]))
    return Claim(**values)


def _check_type(name: str, value: object) -> None:
    number = isinstance(value, int | float) and not isinstance(value, bool)
    fits = {
        "tasks": isinstance(value, list) and all(isinstance(v, str) for v in value),
        "kept": value == NATURAL
        or (isinstance(value, list) and all(isinstance(v, int | float) and not isinstance(v, bool) for v in value)),
        "loss": number,
        "further": isinstance(value, bool),
        "options": isinstance(value, dict),
    }
    text = isinstance(value, str) and value.isprintable() and len(value) <= _LONGEST
    if not fits.get(name, text):
        expected = _EXPECTED.get(name, f"use one line of at most {_LONGEST} characters")
        raise UsageError(f"claim: {name} = {short_repr(value)}; {expected}")


_EXPECTED = {
    "tasks": "use a list of task names",
    "kept": "use two shares, the lower first, or 'natural'",
    "loss": "use a share above 0 and below 1",
    "further": "use true or false",
    "options": "use a table of option = value",
}


def _check_choice(name: str, value: str, allowed: tuple[str, ...]) -> None:
    if value not in allowed:
        raise UsageError(f"claim: {name} = {short_repr(value)}{suggest(str(value), allowed)}")
