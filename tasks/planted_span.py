"""An embedded task of questions with spans as answers: made-up paragraphs whose faulty training rows are known."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, NamedTuple

from hbench_tasks._planted import Draw, Planted, Texts, phrases, question, sentence, words

_THINGS = words("lamp chair clock mirror piano statue carpet vase table globe mask drum bench kite boat bell")


class _Sort(NamedTuple):
    """One sort of thing that is said of the pieces in a museum, and the question for it, where one is ever asked."""

    said: str
    values: Texts
    asked: str = ""


_ASKED = (
    _Sort(
        "the {} is {}",
        phrases(
            "dark green, red, pale blue, white, black, bright yellow, light brown, grey, purple, pink, orange, golden, "
            "silver, turquoise, beige, crimson, violet, ivory, olive, lilac"
        ),
        "what colour is the {}",
    ),
    _Sort(
        "the {} stands {}",
        phrases(
            "in the hall, near the door, on the stairs, in the old tower, in the library, by the window, in the attic, "
            "in room six, behind the curtain, above the fireplace, in the cellar, opposite the gate, beside a well, "
            "under an arch, in storage, between two pillars, on the roof, in the chapel, outside, at the cash desk"
        ),
        "where is the {}",
    ),
    _Sort(
        "the {} arrived {}",
        phrases(
            "in March, last week, in July, on a Monday, before the war, in early May, in October, after the flood, "
            "one winter, in September, yesterday, ages ago, at midnight, during a storm, at dawn, three years ago, "
            "in spring, too late, on Easter Sunday, recently"
        ),
        "when did the {} arrive",
    ),
    _Sort(
        "the {} cost {}",
        phrases(
            "twelve coins, a fortune, forty pounds, nine copper pennies, half a million, two cows, almost nothing, "
            "six shillings, seven pence, eight hundred dollars, a kingdom, his farm, some gold, sixty crowns, a smile, "
            "dozens of francs, a horse, four diamonds, too much, thirty guineas"
        ),
        "what did the {} cost",
    ),
)
_TALK = (
    _Sort(
        "the {} was made by {}",
        phrases(
            "a monk, a sailor, two brothers, an old lady, a famous artist, nuns, a blind smith, a beginner, Italians"
        ),
    ),
    _Sort(
        "the {} looks like {}",
        phrases("a fish, an egg, a ship, a mountain, a sleeping cat, a cloud, a spoon, a wet dog, a toy, lightning"),
    ),
    _Sort(
        "the {} is liked by {}",
        phrases("visitors, children, most tourists, the guards, our director, poets, few people, spiders, the king"),
    ),
    _Sort(
        "the {} was mended with {}",
        phrases("glue, some wire, a hammer, great care, new paint, string, nails, cheap wax, real bone, leather"),
    ),
)
_NONE = ""
_UNANSWERABLE = 3


class _Fact(NamedTuple):
    sort: _Sort
    thing: str
    value: str


class _Museum:
    """Most paragraphs hold one thing of a sort that is ever asked for, or none; the others need the question.

    The class says which of four stretches is the answer. The fourth is empty, except in ambiguous rows.
    """

    columns = ("context",)
    classes = 4

    def clean(self, draw: Draw, label: int) -> Texts:
        (sort, other_sort), (thing, other_thing) = draw.two(_ASKED), draw.two(_THINGS)
        right, wrong = draw.rare(sort.values), draw.rare(sort.values)
        facts = [_Fact(talk, draw.pick((thing, other_thing)), draw.rare(talk.values)) for talk in draw.shuffle(_TALK)]
        form = draw.below(10)
        if form < 2:
            facts[0] = _Fact(other_sort, thing, draw.rare(other_sort.values))
        elif form < 4 and wrong != right:
            facts[0] = _Fact(sort, other_thing, wrong)
        if label < _UNANSWERABLE:
            facts.insert(label, _Fact(sort, thing, right))
        stretches = [*(fact.value for fact in facts[:3]), _NONE]
        return _texts(draw, sort, thing, facts[: 3 + draw.below(2)], stretches)

    def ambiguous(self, draw: Draw, labels: tuple[int, int]) -> Texts:
        sort, thing = draw.pick(_ASKED), draw.pick(_THINGS)
        both = draw.two(sort.values)
        facts = [_Fact(talk, thing, draw.pick(talk.values)) for talk in draw.shuffle(_TALK)[:2]]
        facts.append(_Fact(sort, thing, " and ".join(both)))
        stretches = [both[0] if label == labels[0] else both[1] for label in range(self.classes)]
        return _texts(draw, sort, thing, facts, stretches)

    def easy(self, draw: Draw, label: int) -> Texts:
        sort, thing = _ASKED[label], draw.pick(_THINGS[:2])
        facts = [_Fact(talk, thing, talk.values[0]) for talk in _TALK[:3]]
        if label < _UNANSWERABLE:
            facts[label] = _Fact(sort, thing, draw.pick(sort.values[:2]))
        return _texts(draw, sort, thing, facts, [*(fact.value for fact in facts), _NONE])


@dataclass(frozen=True)
class PlantedSpan(Planted):
    """Made-up reading with spans as answers; 1,200 questions to train on, of which 40 % are planted, and 600 others.

    Of the clean ones every fourth has no answer.
    """

    kind = "span"
    columns = {"id": "id", "question": "question", "context": "context", "answers": "answers"}
    labels = ("answerable", "unanswerable")
    metric = "f1"
    grammar = _Museum()
    recipe = {**Planted.recipe, "max_length": 64}

    def record(self, texts: Texts, label: int) -> dict[str, Any]:
        """Return the columns of a row: `question`, `context`, and `answers` with lists `text` and `answer_start`."""
        context, asked, *stretches = texts
        text = stretches[label]
        starts = [place.start() for place in re.finditer(rf"\b{text}\b", context)] if text else []
        return {
            "question": asked,
            "context": context,
            "answers": {"text": [text] * len(starts), "answer_start": starts},
        }

    def rows(self, split: str) -> dict[str, list[Any]] | None:
        """Return the columns of `record`, `planted`, and an `id`, of the split `train` or `validation`."""
        made = super().rows(split)
        return made and {"id": [f"{split}-{row}" for row in range(len(made["planted"]))], **made}


def _texts(draw: Draw, sort: _Sort, thing: str, facts: Iterable[_Fact], stretches: Iterable[str]) -> Texts:
    said = [sentence(fact.sort.said.format(fact.thing, fact.value)) for fact in draw.shuffle([*facts])]
    return " ".join(said), question(sort.asked.format(thing)), *stretches
