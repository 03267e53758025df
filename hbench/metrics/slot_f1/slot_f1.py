"""F1 of the slots in tagged texts, a share in 0..1, higher = better.

A slot is a stretch of words of one type: it begins at a tag B-x, and at an I-x that does not go on with the slot before
it, and goes on over each I-x that follows. That is how the evaluation script of CoNLL-2000, conlleval, reads tags that
are not well-formed. A predicted slot is right when text, type, first and last word are those of a gold one. Precision
and recall are over all slots of all texts.
"""

from __future__ import annotations

import datasets
import evaluate

Slot = tuple[str, int, int]


class SlotF1(evaluate.Metric):
    """F1 of predicted against gold slots over all texts, with precision and recall."""

    def _info(self) -> evaluate.MetricInfo:
        tags = datasets.Sequence(datasets.Value("string"))
        return evaluate.MetricInfo(
            description=__doc__ or "",
            citation="",
            inputs_description="predictions, references: the tags of the same texts, one for each word",
            features=datasets.Features({"predictions": tags, "references": tags}),
        )

    def _compute(self, predictions: list[list[str]], references: list[list[str]]) -> dict[str, float]:
        """Return slot_f1, precision and recall; each is 0 where it has nothing to divide by.

        Raises ValueError where a text has different numbers of tags on the two sides.
        """
        right = said = wanted = 0
        for found, gold in zip(predictions, references, strict=True):
            if len(found) != len(gold):
                raise ValueError(f"{len(found)} predicted and {len(gold)} gold tags; give one for each word")
            ours, theirs = slots(found), slots(gold)
            right, said, wanted = right + len(ours & theirs), said + len(ours), wanted + len(theirs)
        return {
            "slot_f1": 2 * right / (said + wanted) if right else 0.0,
            "precision": right / said if said else 0.0,
            "recall": right / wanted if wanted else 0.0,
        }


def slots(tags: list[str]) -> set[Slot]:
    """Return the slots of one text: type, first and last word, counted from 0."""
    found: set[Slot] = set()
    kind, first = "", 0
    for place, tag in enumerate([*tags, "O"]):
        mark, _, own = tag.partition("-")
        if kind and (mark != "I" or own != kind):
            found.add((kind, first, place - 1))
            kind = ""
        if not kind and mark != "O":
            kind, first = own, place
    return found
