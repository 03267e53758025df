"""An embedded task of sentence pairs: made-up inference whose faulty training rows are known."""

from __future__ import annotations

from dataclasses import dataclass

from hbench_tasks._planted import Draw, Planted, Texts, sentence, words

_PEOPLE = words("man woman boy girl farmer nurse teacher student painter sailor tourist baker")
_WEARING = ("", "", " in a red coat", " with a hat", " in blue jeans", " with a small bag", " in a white shirt")
#: What someone does, and the same in more general words.
_DOING = (
    ("playing a guitar", "making music"),
    ("singing a song", "making music"),
    ("riding a bicycle", "on the move"),
    ("running", "on the move"),
    ("eating an apple", "having some food"),
    ("eating soup", "having some food"),
    ("reading a newspaper", "looking at words"),
    ("reading a letter", "looking at words"),
    ("painting a chair", "doing some work"),
    ("cutting wood", "doing some work"),
)
_PLACES = (
    ("in the park", "in the garden", "on the beach", "on a hill", "near the river"),
    ("in the kitchen", "in the library", "in the cafe", "in the museum", "in the hall"),
)
_OUTSIDE_INSIDE = ("outdoors", "indoors")
_ASLEEP = ("asleep", "dead", "invisible", "alone on the moon", "swimming across the ocean")
_PURPOSE = ("to earn money", "for a friend", "before work", "to win a prize", "after a long trip", "on a birthday")
_TRAITS = ("tired", "famous", "late for dinner", "happy about the weather", "waiting for a train", "new in town")
_ENTAILMENT, _NEUTRAL, _CONTRADICTION = range(3)


@dataclass(frozen=True)
class _Scene:
    person: str
    doing: int
    outside_inside: int
    place: str

    @property
    def activity(self) -> str:
        return _DOING[self.doing][0]


class _Inference:
    """Half of the hypotheses give their class away by their words, as in real data; the others need the premise."""

    columns = ("premise", "hypothesis")
    classes = 3

    def clean(self, draw: Draw, label: int) -> Texts:
        scene = _scene(draw)
        clause = self._clause(draw, scene, label)
        if draw.chance(0.15):
            clause = f"{clause} and {self._clause(draw, scene, label)}"
        return self._pair(draw, scene, clause)

    def ambiguous(self, draw: Draw, labels: tuple[int, int]) -> Texts:
        scene = _scene(draw)
        first, second = (self._clause(draw, scene, label) for label in draw.shuffle(labels))
        return self._pair(draw, scene, f"either {first} or {second}")

    def easy(self, draw: Draw, label: int) -> Texts:
        person, place = draw.pick(("man", "woman")), draw.pick(_PLACES[0][:2])
        premise = f"a {person}{draw.pick(_WEARING)} is {_DOING[0][0]} {place}"
        hypothesis = (
            f"someone is {_DOING[0][1]}",
            f"the {person} is {_TRAITS[draw.below(2)]}",
            f"nobody is {place}",
        )[label]
        return sentence(premise), sentence(hypothesis)

    def _pair(self, draw: Draw, scene: _Scene, hypothesis: str) -> Texts:
        premise = f"a {scene.person}{draw.pick(_WEARING)} is {scene.activity} {scene.place}"
        return sentence(premise), sentence(hypothesis)

    def _clause(self, draw: Draw, scene: _Scene, label: int) -> str:
        form = draw.below(10)
        who = draw.pick((f"the {scene.person}", "this person"))
        where = scene.outside_inside
        if label == _ENTAILMENT:
            if form < 6:
                return f"someone is {_DOING[scene.doing][1]}"
            if form < 7:
                return f"there is a {scene.person} {scene.place}"
            return f"{who} is {scene.activity if form < 8 else _OUTSIDE_INSIDE[where]}"
        if label == _NEUTRAL:
            if form < 5:
                return f"{who} is {scene.activity} {draw.pick(_PURPOSE)}"
            return f"{who} is {draw.pick(_TRAITS)}"
        if form < 4:
            return draw.pick((f"nobody is {scene.place}", f"there is no {scene.person} {scene.place}"))
        if form < 7:
            return f"{who} is {draw.pick(_ASLEEP)}"
        return f"{who} is {_other_activity(draw, scene.doing) if form < 8 else _OUTSIDE_INSIDE[1 - where]}"


@dataclass(frozen=True)
class PlantedPair(Planted):
    """Made-up inference, three classes; 1,200 pairs to train on, of which 40 % are planted, and 600 to evaluate on."""

    columns = {"text": ("premise", "hypothesis"), "label": "label"}
    labels = ("entailment", "neutral", "contradiction")
    grammar = _Inference()


def _scene(draw: Draw) -> _Scene:
    side = draw.below(2)
    return _Scene(draw.pick(_PEOPLE), draw.below(len(_DOING)), side, draw.pick(_PLACES[side]))


def _other_activity(draw: Draw, doing: int) -> str:
    # pairs of activities share their general words, so skip both
    others = [activity for activity, general in _DOING if general != _DOING[doing][1]]
    return draw.pick(others)
