"""SLURP: requests to a home assistant, with what they want and the slots they fill."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from hbench import Task
from hbench_tasks._joint import COLUMNS, RECIPE, names, tagged


@dataclass(frozen=True)
class Slurp(Task):
    """SLURP, the texts: 60 intents, 55 types of slots: 11,514 requests to train on, 2,974 to evaluate on.

    An intent is a scenario and an action. What the hub has under this name are recordings, many of each request, and
    other intents: the rows come from a folder, also as the authors' files train.jsonl, devel.jsonl and test.jsonl.
    """

    kind = "joint"
    eval_splits = ("test",)
    columns = {**COLUMNS, "id": "slurp_id"}
    layouts = ({"tokens": "tokens", "tags": "entities", "intent": ("scenario", "action"), "id": "slurp_id"},)
    labels = names("""
        alarm_query alarm_remove alarm_set audio_volume_down audio_volume_mute audio_volume_other audio_volume_up
        calendar_query calendar_remove calendar_set cooking_query cooking_recipe datetime_convert datetime_query
        email_addcontact email_query email_querycontact email_sendemail general_greet general_joke general_quirky
        iot_cleaning iot_coffee iot_hue_lightchange iot_hue_lightdim iot_hue_lightoff iot_hue_lighton iot_hue_lightup
        iot_wemo_off iot_wemo_on lists_createoradd lists_query lists_remove music_dislikeness music_likeness music_query
        music_settings news_query play_audiobook play_game play_music play_podcasts play_radio qa_currency qa_definition
        qa_factoid qa_maths qa_stock recommendation_events recommendation_locations recommendation_movies social_post
        social_query takeaway_order takeaway_query transport_query transport_taxi transport_ticket transport_traffic
        weather_query
    """)
    slots = names("""
        alarm_type app_name artist_name audiobook_author audiobook_name business_name business_type change_amount
        coffee_type color_type cooking_type currency_name date definition_word device_type drink_type email_address
        email_folder event_name food_type game_name game_type general_frequency house_place ingredient joke_type
        list_name meal_type media_type movie_name movie_type music_album music_descriptor music_genre news_topic
        order_type person personal_info place_name player_setting playlist_name podcast_descriptor podcast_name
        radio_name relation song_name sport_type time time_zone timeofday transport_agency transport_descriptor
        transport_name transport_type weather_descriptor
    """)
    metric = "frame_accuracy"
    licence = "CC BY 4.0"
    cite = "bastianelli2020slurp"
    recipe = RECIPE

    def convert(self, row: dict[str, Any]) -> dict[str, Any]:
        """Return words, tags and intent of a row of the authors' files; any other row as it is."""
        if not isinstance(row["intent"], list):
            return row
        words = [token["surface"] for token in row["tokens"]]
        slots = [(entity["type"], entity["span"]) for entity in row["slot_tags"]]
        return {**row, "tokens": words, "slot_tags": tagged(len(words), slots), "intent": "_".join(row["intent"])}
