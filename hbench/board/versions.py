"""Whether results may be compared: one version of data, model and recipe, and one size, per comparison."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict

from hbench.files import shorten
from hbench.results.cell import CellResult
from hbench.results.fields import ResultError

#: Entries of the recipe that may differ among the results of a task: the equal-steps budget sets the steps, which have
#: to be equal in a contest, and the number of threads changes only the order in which floats are added.
MAY_DIFFER = ("max_steps", "threads")
#: Largest difference between two sizes that counts as none, in rows.
_SAME_SIZE = 1
#: What a key that only one of two mappings has is shown as in the other one.
_ABSENT = "nothing"

#: What has to be equal, by the name of the field.
Version = dict[str, object]


def check_comparable(results: Sequence[CellResult], version: Callable[[CellResult], Version]) -> None:
    """Raise ResultError naming two results that differ in what `version` returns of both."""
    seen: dict[str, tuple[CellResult, object]] = {}
    for result in results:
        for name, value in version(result).items():
            first, expected = seen.setdefault(name, (result, value))
            if value != expected:
                raise ResultError(
                    f"{first.path} and {result.path} are compared but differ in "
                    f"{difference(name, expected, value)}; run both with one version, or remove one of them"
                )


def difference(name: str, first: object, second: object) -> str:
    """Return where two values of a field differ: the keys of a mapping that do, such as `recipe.epochs: 3 and 9`."""
    if isinstance(first, Mapping) and isinstance(second, Mapping):
        keys = [k for k in sorted({*first, *second}, key=str) if first.get(k, _ABSENT) != second.get(k, _ABSENT)]
        return ", ".join(difference(f"{name}.{k}", first.get(k, _ABSENT), second.get(k, _ABSENT)) for k in keys)
    shown = (shorten(" ".join(str(value).split()), 80) for value in (first, second))
    return f"'{name}': {' and '.join(shown)}"


def check_protocol(results: Sequence[CellResult]) -> None:
    """Raise ResultError naming two results of a board whose trainings follow different protocols, whatever the task."""
    check_comparable(results, lambda result: {"protocol": result.protocol})


def check_steps(results: Sequence[CellResult]) -> None:
    """Raise ResultError naming two results of a contest that were trained for different numbers of steps."""
    check_comparable(results, lambda result: {"recipe.max_steps": result.recipe.get("max_steps")})


def check_sizes(cells: Sequence[CellResult]) -> None:
    """Raise ResultError naming a result that kept more or fewer rows than the random subset with the same seed."""
    for cell in cells:
        baseline = next((other for other in cells if other.method == cell.baseline), cell)
        for seed, size in cell.sizes.items():
            theirs = baseline.sizes.get(seed, size)
            if abs(size - theirs) > _SAME_SIZE:
                raise ResultError(
                    f"{cell.path} and {baseline.path} are compared but keep {size:,} and {theirs:,} rows "
                    f"with seed {seed}; run both at one size, or remove one of them"
                )


def evaluation_version(result: CellResult) -> Version:
    """Return what has to be equal among the results of a task, split and model."""
    version = {
        **training_version(result),
        "primary": result.primary,
        "metric": result.metric,
        "chance": result.baseline,
        "margin": result.margin,
        "further": None if result.further is None else asdict(result.further),
    }
    if result.data.eval_digest:
        version |= {"data.eval_rows": result.data.eval_rows, "data.eval_digest": result.data.eval_digest}
    if result.examples is not None and result.examples.count:
        version["examples.cases"] = result.examples.cases
    return version


def training_version(result: CellResult) -> Version:
    """Return what has to be equal for trainings to be comparable; what failed early does not know its rows."""
    data = result.data
    version = {
        "protocol": result.protocol,
        "kind": result.kind,
        "data.source": data.source,
        "data.declaration": data.declaration,
        "model_source": result.model_source,
        "recipe": {k: v for k, v in result.recipe.items() if k not in MAY_DIFFER},
    }
    if data.train_digest:
        version |= {"data.train_rows": data.train_rows, "data.train_digest": data.train_digest}
    return version
