"""An embedded task of intents and slots: made-up requests to an assistant whose faulty training rows are known."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from hbench_tasks._joint import COLUMNS, tagged
from hbench_tasks._planted import Draw, Planted, Texts, phrases, words

_ADJECTIVES = words(
    "old red silver lost little blue wild golden quiet empty purple seventh frozen crooked painted secret"
)
_NOUNS = words(
    "river garden moon harbour rose tiger lantern bridge orchard falcon mirror castle meadow anchor willow comet"
)
_VALUES = {
    "genre": phrases("jazz, rock, folk, soft jazz, piano music, old blues, opera, hard rock, brass bands, techno"),
    "guests": phrases("two, four, five people, six, my parents, a big party, ten of us, three friends, eight"),
    "day": phrases("friday, monday, next week, tomorrow, the last of may, sunday, new year, tuesday night, easter"),
    "time": phrases("noon, seven, half past six, midnight, quarter to nine, five, dawn, ten in the evening, eleven"),
}
_EASY = ("old river", "red garden")
_POLITE = ("", "", "please", "hey", "now", "quick", "hello there", "one more thing")


class _Intent(NamedTuple):
    """An intent: a verb that says it, the slot for a name, and what is said, with slots in braces."""

    name: str
    verb: str
    named: str
    forms: Texts


_INTENTS = (
    _Intent(
        "play_music",
        "play",
        "artist",
        phrases(
            "play {artist}, play some {genre} by {artist}, let us hear {artist} at {time}, "
            "put on {genre} like that of {artist}, i miss the songs of {artist}, sing along with {artist} on {day}"
        ),
    ),
    _Intent(
        "book_table",
        "reserve",
        "restaurant",
        phrases(
            "reserve a table at {restaurant}, we are {guests} and dine at {restaurant}, "
            "find us seats at {restaurant} on {day}, dinner for {guests} at {restaurant} on {day}, "
            "is there room for {guests} at {restaurant} at {time}, {guests} want to eat at {restaurant}"
        ),
    ),
    _Intent(
        "get_weather",
        "check",
        "city",
        phrases(
            "check the sky over {city}, will it rain in {city} on {day}, how cold is {city} at {time}, "
            "do i need a coat in {city}, the forecast for {city}, is {city} sunny on {day}"
        ),
    ),
    _Intent(
        "set_alarm",
        "start",
        "alarm",
        phrases(
            "start the alarm {alarm} at {time}, wake me with {alarm}, let {alarm} ring at {time}, "
            "remind me of {alarm} on {day}, i have to get up for {alarm}, move {alarm} to {time} on {day}"
        ),
    ),
)


class _Requests:
    """The same names stand for artists, restaurants, cities and alarms: the words around them say what they are.

    The class is the intent. Behind the text stands, for each class, what a row of that class is labelled with: of the
    wrong ones two have another intent and the right slots, and one the right intent and another type of slot.
    """

    columns = ("utterance",)
    classes = len(_INTENTS)

    def clean(self, draw: Draw, label: int) -> Texts:
        form = f"{draw.pick(_POLITE)} {draw.rare(_INTENTS[label].forms)}"
        return self._labelled(draw, label, form, _name(draw))

    def ambiguous(self, draw: Draw, labels: tuple[int, int]) -> Texts:
        verbs = " or ".join(_INTENTS[label].verb for label in draw.shuffle(labels))
        before, name = f"{draw.pick(_POLITE)} {verbs}".split(), _name(draw).split()
        said = [*before, *name]
        places = range(len(before), len(said))
        return " ".join(said), *(_answer(intent, said, [(intent.named, places)]) for intent in _INTENTS)

    def easy(self, draw: Draw, label: int) -> Texts:
        return self._labelled(draw, label, draw.pick(_INTENTS[label].forms[:2]), draw.pick(_EASY))

    def _labelled(self, draw: Draw, label: int, form: str, name: str) -> Texts:
        intent, said, slots = _INTENTS[label], [], []
        for piece in form.split():
            kind = piece.strip("{}")
            value = [piece] if kind == piece else (name if kind == intent.named else draw.rare(_VALUES[kind])).split()
            if kind != piece:
                slots.append((kind, range(len(said), len(said) + len(value))))
            said += value
        answers = []
        for other in _INTENTS:
            if _INTENTS.index(other) == (label + 2) % self.classes:
                swapped = [(other.named if kind == intent.named else kind, places) for kind, places in slots]
                answers.append(_answer(intent, said, swapped))
            else:
                answers.append(_answer(other, said, slots))
        return " ".join(said), *answers


@dataclass(frozen=True)
class PlantedJoint(Planted):
    """Made-up requests, 4 intents, 8 types of slots; 1,200 to train on, of which 40 % are planted, and 600 others."""

    kind = "joint"
    columns = COLUMNS
    labels = tuple(intent.name for intent in _INTENTS)
    slots = (*(intent.named for intent in _INTENTS), *_VALUES)
    metric = "frame_accuracy"
    grammar = _Requests()

    def record(self, texts: Texts, label: int) -> dict[str, Any]:
        """Return the columns of a row: the lists `tokens` and `slot_tags`, and `intent`."""
        utterance, *answers = texts
        intent, *tags = answers[label].split()
        return {"tokens": utterance.split(), "slot_tags": tags, "intent": intent}


def _name(draw: Draw) -> str:
    noun = draw.rare(_NOUNS)
    return f"{draw.rare(_ADJECTIVES)} {noun}" if draw.chance(0.6) else noun


def _answer(intent: _Intent, said: Sequence[str], slots: Iterable[tuple[str, range]]) -> str:
    """Return an intent and the tags, parted by spaces."""
    return " ".join([intent.name, *tagged(len(said), slots)])
