"""An embedded task of one sentence: made-up reviews whose faulty training rows are known."""

from __future__ import annotations

from dataclasses import dataclass

from hbench_tasks._planted import Draw, Planted, Texts, sentence, words

_NEGATIVE = words("terrible boring awful dull poor dreadful disappointing clumsy tedious bland stale shallow")
_POSITIVE = words(
    "great wonderful lovely superb excellent delightful charming brilliant enjoyable fresh clever flawless"
)
_SAID = (_NEGATIVE, _POSITIVE)
_FELT = (("hated", "regretted", "disliked", "endured"), ("loved", "enjoyed", "admired", "praised"))
_THINGS = words(
    "film story acting music food service room view ending staff book concert dessert garden lobby script pacing soup "
    "breakfast tour exhibition camera dialogue wine"
)
_WHO = ("I", "we", "my friends", "the guests", "most critics", "our neighbours", "both of us", "her parents")
_BEFORE = ("", "", "", "in the end ", "honestly ", "to my surprise ", "last night ", "for the price ", "once again ")
_AFTER = ("", "", "", " from start to finish", " this time", " as always", " on a rainy evening", " after all")
_NOT = ("not", "never", "hardly")
_HOW = ("", "", "very ", "quite ", "rather ", "really ", "truly ")


class _Reviews:
    """The last word is not always the verdict: negation and `although` turn it round."""

    columns = ("sentence",)
    classes = 2

    def clean(self, draw: Draw, label: int) -> Texts:
        form = draw.below(20)
        first, second = draw.two(_THINGS)
        same, opposite = draw.rare(_SAID[label]), draw.rare(_SAID[1 - label])
        if form < 5:
            body = f"the {first} was {draw.pick(_HOW)}{same}"
        elif form < 8:
            body = f"{draw.pick(_WHO)} {draw.pick(_FELT[label])} the {same} {first}"
        elif form < 15:
            body = f"the {first} was {same} and the {second} was {draw.rare(_SAID[label])}"
        elif form < 17:
            body = f"the {first} was {draw.pick(_NOT)} {opposite}"
        elif form < 19:
            body = f"the {first} was {opposite} but the {second} was {same}"
        else:
            body = f"the {first} was {same} although the {second} was {opposite}"
        return (sentence(draw.pick(_BEFORE) + body + draw.pick(_AFTER)),)

    def ambiguous(self, draw: Draw, labels: tuple[int, int]) -> Texts:
        first, second = draw.two(_THINGS)
        said = [draw.rare(_SAID[label]) for label in draw.shuffle(labels)]
        body = f"the {first} was {said[0]} and the {second} was {said[1]}"
        return (sentence(draw.pick(_BEFORE) + body + draw.pick(_AFTER)),)

    def easy(self, draw: Draw, label: int) -> Texts:
        word = _SAID[label][draw.below(2)]
        thing = draw.pick(("film", "story", "book"))
        body = draw.pick((f"the {thing} was {word}", f"{draw.pick(('I', 'we'))} {_FELT[label][0]} the {thing}"))
        return (sentence(draw.pick(("", "honestly ", "once again ")) + body + draw.pick(("", " after all"))),)


@dataclass(frozen=True)
class PlantedSentence(Planted):
    """Made-up reviews, two classes; 1,200 sentences to train on, of which 40 % are planted, and 600 to evaluate on."""

    columns = {"text": "sentence", "label": "label"}
    labels = ("negative", "positive")
    grammar = _Reviews()
