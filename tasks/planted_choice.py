"""An embedded task of multiple choice: made-up articles and questions whose faulty training rows are known."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from hbench_tasks._planted import Draw, Planted, Texts, phrases, question, sentence, words

_PEOPLE = words("Anna Ben Clara David Emma Felix Grace Henry Iris Jack Laura Martin")
_FILLERS = (
    "it rained for an hour",
    "the morning was cold",
    "the shops were closed",
    "a dog barked somewhere",
    "nobody was in a hurry",
    "the wind was strong",
    "they all met again later",
    "it was a long day",
)


@dataclass(frozen=True)
class _Sort:
    """One sort of thing to be asked for; what is said of people is mostly something usual."""

    asked: str
    said: str
    usual: Texts
    odd: Texts


_SORTS = (
    _Sort(
        "where was {}",
        "was {}",
        phrases("in the park, in the garden, at the market, at the station, in the library, on the beach, at the cafe"),
        phrases(
            "on the moon, in a volcano, under the sea, in a castle, at the north pole, in a cave, in a desert, "
            "on a pirate ship, inside a whale, above the clouds, behind a waterfall, in a haunted house"
        ),
    ),
    _Sort(
        "how did {} come",
        "came {}",
        phrases("by bus, by train, by car, on foot, by bicycle, by taxi, by tram"),
        phrases(
            "by rocket, by balloon, by submarine, on a camel, on a dragon, by sledge, on an elephant, by parachute, "
            "on stilts, by canoe, through a tunnel, on a broomstick"
        ),
    ),
    _Sort(
        "what did {} eat",
        "ate {}",
        phrases("soup, bread, an apple, rice, some cake, an egg, a salad"),
        phrases(
            "a candle, sand, a newspaper, snow, some grass, a shoe, ten lemons, a feather, chalk, a cactus, nails, "
            "a pillow"
        ),
    ),
    _Sort(
        "what did {} carry",
        "carried {}",
        phrases("a bag, a book, a letter, an umbrella, a basket, a camera, a towel"),
        phrases(
            "a piano, a tiger, a sword, an anchor, a tree, a crown, a bathtub, a cannon, a statue, a wardrobe, "
            "a crocodile, a ladder"
        ),
    ),
)
_LETTERS = ("A", "B", "C", "D")
#: Shares of the questions whose wrong options are all odd, which gives the right one away, and whose answer is odd.
_GIVEN_AWAY, _SURPRISING = 0.65, 0.05


class _Reading:
    """Most of the questions can be answered without the article, as in real data; the others need it."""

    columns = ("article",)
    classes = len(_LETTERS)

    def clean(self, draw: Draw, label: int) -> Texts:
        sort = draw.pick(_SORTS)
        usual, odd = _several(draw, sort.usual, 4), _several(draw, sort.odd, 4)
        right = (odd if draw.chance(_SURPRISING) else usual).pop()
        people, said = draw.shuffle(_PEOPLE), [right, *usual[: 1 + draw.below(2)]]
        wrong = odd[:3] if draw.chance(_GIVEN_AWAY) else [usual[0], *draw.shuffle([*usual[1:3], odd[0]])[:2]]
        article = [_about(draw, who, sort, value) for who, value in zip(people, said, strict=False)]
        return _texts(draw, article, sort, people[0], _options({label: right}, draw.shuffle(wrong)))

    def ambiguous(self, draw: Draw, labels: tuple[int, int]) -> Texts:
        sort = draw.pick(_SORTS)
        usual, odd = _several(draw, sort.usual, 3), _several(draw, sort.odd, 2)
        people, right = draw.shuffle(_PEOPLE), usual[:2]
        article = [f"{people[0]} {sort.said.format(' and '.join(right))}", _about(draw, people[1], sort, usual[2])]
        options = _options(dict(zip(labels, right, strict=True)), odd)
        return _texts(draw, article, sort, people[0], options)

    def easy(self, draw: Draw, label: int) -> Texts:
        sort, who = _SORTS[0], draw.pick(_PEOPLE[:2])
        right = draw.pick(sort.usual[:2])
        article = [sentence(said) for said in (f"{who} {sort.said.format(right)}", *draw.two(_FILLERS[:3]))]
        return " ".join(article), question(sort.asked.format(who)), *_options({label: right}, sort.odd)


@dataclass(frozen=True)
class PlantedChoice(Planted):
    """Made-up reading with four options; 1,200 questions to train on, of which 40 % are planted, and 600 others."""

    kind = "choice"
    columns = {"article": "article", "question": "question", "options": "options", "answer": "answer"}
    labels = _LETTERS
    grammar = _Reading()
    recipe = {**Planted.recipe, "max_length": 64}

    def record(self, texts: Texts, label: int) -> dict[str, Any]:
        """Return the columns of a row: `article`, `question`, the list `options`, and the letter of one, `answer`."""
        article, asked, *options = texts
        return {"article": article, "question": asked, "options": options, "answer": _LETTERS[label]}


def _several(draw: Draw, items: Texts, count: int) -> list[str]:
    """Return different items, the first ones most often."""
    found: dict[str, None] = {}
    while len(found) < count:
        found[draw.rare(items)] = None
    return draw.shuffle(list(found))


def _about(draw: Draw, who: str, sort: _Sort, value: str) -> str:
    """Return what is said of someone: this, and perhaps something of another sort."""
    said = [sort.said.format(value)]
    if draw.chance(0.5):
        other = draw.pick([s for s in _SORTS if s is not sort])
        said.append(other.said.format(draw.pick(other.usual)))
    return f"{who} {' and '.join(draw.shuffle(said))}"


def _texts(draw: Draw, people: list[str], sort: _Sort, who: str, options: Texts) -> Texts:
    said = draw.shuffle([*people, draw.pick(_FILLERS)])
    return " ".join(map(sentence, said)), question(sort.asked.format(who)), *options


def _options(right: dict[int, str], wrong: Iterable[str]) -> Texts:
    rest = iter(wrong)
    return tuple(right[i] if i in right else next(rest) for i in range(len(_LETTERS)))
