"""SNIPS: requests to a voice assistant, with what they want and the slots they fill."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from hbench import Hub, Task
from hbench_tasks._joint import COLUMNS, RECIPE, names


@dataclass(frozen=True)
class Snips(Task):
    """SNIPS, 7 intents and 39 types of slots: 13,084 requests to train on, 700 to evaluate on.

    The split is that of Goo et al. 2018. On the hub one of the training rows has more tags than words or fewer: a row
    of texts, not of lists, for which that is so is left out.
    """

    kind = "joint"
    hub = Hub("bkonkle/snips-joint-intent", None, "3d6aa45aa00bbe841eebc5873c5a4fa8914328bc")
    eval_splits = ("test",)
    columns = COLUMNS
    layouts = ({"tokens": "input", "tags": "slots", "intent": "intent"},)
    labels = names("AddToPlaylist BookRestaurant GetWeather PlayMusic RateBook SearchCreativeWork SearchScreeningEvent")
    slots = names("""
        album artist best_rating city condition_description condition_temperature country cuisine current_location
        entity_name facility genre geographic_poi location_name movie_name movie_type music_item object_location_type
        object_name object_part_of_series_type object_select object_type party_size_description party_size_number
        playlist playlist_owner poi rating_unit rating_value restaurant_name restaurant_type served_dish service sort
        spatial_relation state timeRange track year
    """)
    metric = "frame_accuracy"
    licence = "CC0 1.0"
    cite = "coucke2018snips"
    recipe = RECIPE

    def convert(self, row: dict[str, Any]) -> dict[str, Any]:
        """Return words and tags as lists; the intent is -1 where two texts do not have the same number of them."""
        words, tags = row["tokens"], row["slot_tags"]
        if not (isinstance(words, str) and isinstance(tags, str)):
            return row
        words, tags = words.split(), tags.split()
        return {"tokens": words, "slot_tags": tags, "intent": row["intent"] if len(words) == len(tags) else -1}
