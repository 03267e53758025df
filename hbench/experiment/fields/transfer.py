"""Transfer: the scores of one model select what another one trains on; an option of every scorer that reads runs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from hbench.errors import UsageError
from hbench.experiment.fields.entries import checked_text, naming
from hbench.models.catalogue import Model, find_model
from hbench.plugins.references import join_reference, split_parts
from hbench.plugins.registry import SCORERS, Named, with_parts

if TYPE_CHECKING:
    from hbench.plugins import Scorer

FIELD = "score_with"


def scoring_model(reference: Any) -> str | None:
    """Return the canonical reference of the model that scores, None for none.

    Raises UsageError, its message starting with the field's name.
    """
    if reference is None:
        return None
    text = checked_text(FIELD, reference)
    with naming(FIELD):
        return find_scoring_model(text).ref


def find_scoring_model(reference: str) -> Model:
    """Return a model that scores. Raises UsageError for a folder, whose path would become part of a method's name."""
    model = find_model(reference)
    if model.path is not None:
        raise UsageError(f"model '{model.ref}' is a folder; name one of the catalogue or a hub id, to score with it")
    return model


def transferred(named: Named[Scorer], model: str | None) -> Named[Scorer]:
    """Return a scorer as it scores with a model, where it reads runs; with None, as its own option says.

    A scorer made of others scores as these do. Raises UsageError for a model that cannot score.
    """
    if named.parts:
        name, _, _ = split_parts(named.ref)
        refs = [transferred(part, model).ref for part in named.parts]
        return SCORERS.find(join_reference(name, named.options, refs))
    if named.plugin.observation() is None:
        return named
    chosen = named.plugin.score_with if model is None else model
    if chosen is None:
        return named
    canonical = find_scoring_model(chosen).ref
    return SCORERS.find(join_reference(named.name, {**named.options, FIELD: canonical}))


def other_model(method: Named[Scorer], model: Model) -> str | None:
    """Return the reference of the model that a method scores with, None where it is the one that is trained.

    Raises UsageError for a method made of others that score with different models.
    """
    readers = [part for part in with_parts(method) if not part.parts and part.plugin.observation() is not None]
    chosen = {None if part.plugin.score_with == model.ref else part.plugin.score_with for part in readers}
    if len(chosen) > 1:
        raise UsageError(f"scorer '{method.ref}' is made of scores of different models; give all the same score_with")
    return chosen.pop() if chosen else None
