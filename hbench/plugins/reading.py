"""The signals that a scorer reads, and the errors for those that the dynamics lack."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from hbench.dynamics.signals import EXAMPLE_FIELDS, SIGNALS, TEXT
from hbench.errors import UsageError, suggest
from hbench.plugins.observation import KIND_SIGNALS, Observation

if TYPE_CHECKING:
    import xarray as xr


def check_declared(scorer: str, asked: Observation | None, dynamics: xr.Dataset, *, texts: bool = False) -> None:
    """Raise UsageError when dynamics lack a signal that a scorer declared, or were captured at another point.

    scorer: name of its class. asked: what it declared. texts: whether it declared that it reads texts.
    """
    if texts and TEXT not in dynamics:
        raise UsageError(_absent(scorer, TEXT, dynamics))
    if asked is None:
        return
    for signal in asked.signals:
        if signal not in dynamics:
            raise UsageError(_absent(scorer, signal, dynamics))
    captured = dynamics.attrs.get("capture", asked.at)
    if captured != asked.at:
        raise UsageError(
            f"{scorer} reads {', '.join(asked.signals)} captured at {asked.at}, and these dynamics were captured at "
            f"{captured}; give the others, or set the option capture={captured}"
        )


def explain(
    error: AttributeError | KeyError, scorer: str, asked: Observation | None, dynamics: xr.Dataset
) -> str | None:
    """Return what a scorer looked up that the dynamics lack, and the fix; None when it is about something else."""
    name = _looked_up(error, dynamics)
    if name is None:
        return None
    declared = () if asked is None else asked.signals
    if name in EXAMPLE_FIELDS or name in declared:
        return _absent(scorer, name, dynamics)
    if name == TEXT:
        return f"{scorer} reads the texts of the examples, which it did not declare; write needs = texts()"
    if name not in SIGNALS:
        return f"{scorer} reads '{name}', which is not a signal{suggest(name, SIGNALS)}"
    points = SIGNALS[name].captures
    at = asked.at if asked is not None and asked.at in points else points[-1]
    names = ", ".join(f'"{signal}"' for signal in (*declared, name))
    return f"{scorer} reads '{name}', which it did not declare; write needs = observe({names}, at=\"{at}\")"


def _looked_up(error: AttributeError | KeyError, dynamics: xr.Dataset) -> str | None:
    """Return the variable that an error says the dynamics lack."""
    import xarray as xr

    if isinstance(error, AttributeError):
        name = error.name if isinstance(error.obj, xr.Dataset) else None
    else:  # xarray names the variable first, in quotes
        quoted = re.search(r"'(\w+)'", str(error.args[0])) if error.args else None
        name = quoted[1] if quoted else str(error.args[0]) if error.args else None
        name = name if name in (*SIGNALS, *EXAMPLE_FIELDS) or "variable" in str(error) else None
    return None if name is None or name in dynamics else name


def _absent(scorer: str, name: str, dynamics: xr.Dataset) -> str:
    what = "signal" if name in SIGNALS else "value"
    some = " (recorded for tasks of some kinds only)" if name in KIND_SIGNALS else ""
    held = ", ".join(map(str, dynamics.data_vars)) or "nothing"
    return (
        f"{scorer} reads the {what} '{name}'{some}, and these dynamics hold {held}; "
        f"give it too, as in from_arrays({name}=...), or choose another scorer or option"
    )
