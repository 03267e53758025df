"""MTOP: requests to an assistant from eleven domains, with what they want and the slots they fill."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from hbench import Hub, Task
from hbench_tasks._joint import COLUMNS, RECIPE, names, tagged

#: Fields of a line of the authors' files, under their names on the hub.
_FIELDS = names("id intent slot utterance domain locale dcp_form tokens")


@dataclass(frozen=True)
class Mtop(Task):
    """Multilingual task-oriented parsing, in English: 15,667 requests to train on, 4,386 to evaluate on.

    113 intents and 75 types of slots; of nested ones the outermost are taken. Other languages have splits such as
    train_de and test_de. The authors' files are read too: en/train.txt for the split train_en.
    """

    kind = "joint"
    hub = Hub("WillHeld/mtop")
    train_split = "train_en"
    eval_splits = ("test_en",)
    columns = COLUMNS
    layouts = ({"tokens": "tokens", "tags": "slot", "intent": "intent"},)
    labels = names("""
        ADD_TIME_TIMER ADD_TO_PLAYLIST_MUSIC ANSWER_CALL CANCEL_CALL CANCEL_MESSAGE CREATE_ALARM CREATE_CALL
        CREATE_PLAYLIST_MUSIC CREATE_REMINDER CREATE_TIMER DELETE_ALARM DELETE_PLAYLIST_MUSIC DELETE_REMINDER
        DELETE_TIMER DISLIKE_MUSIC DISPREFER END_CALL FAST_FORWARD_MUSIC FOLLOW_MUSIC GET_AGE GET_AIRQUALITY GET_ALARM
        GET_ATTENDEE_EVENT GET_AVAILABILITY GET_CALL GET_CALL_CONTACT GET_CALL_TIME GET_CATEGORY_EVENT GET_CONTACT
        GET_CONTACT_METHOD GET_DATE_TIME_EVENT GET_DETAILS_NEWS GET_EDUCATION_DEGREE GET_EDUCATION_TIME GET_EMPLOYER
        GET_EMPLOYMENT_TIME GET_EVENT GET_GENDER GET_GROUP GET_INFO_CONTACT GET_INFO_RECIPES GET_JOB GET_LANGUAGE
        GET_LIFE_EVENT GET_LIFE_EVENT_TIME GET_LOCATION GET_LYRICS_MUSIC GET_MAJOR GET_MESSAGE GET_MESSAGE_CONTACT
        GET_MUTUAL_FRIENDS GET_RECIPES GET_REMINDER GET_REMINDER_AMOUNT GET_REMINDER_DATE_TIME GET_REMINDER_LOCATION
        GET_STORIES_NEWS GET_SUNRISE GET_SUNSET GET_TIMER GET_TRACK_INFO_MUSIC GET_UNDERGRAD GET_WEATHER HELP_REMINDER
        HOLD_CALL IGNORE_CALL IS_TRUE_RECIPES LIKE_MUSIC LOOP_MUSIC MERGE_CALL PAUSE_MUSIC PAUSE_TIMER PLAY_MEDIA
        PLAY_MUSIC PREFER PREVIOUS_TRACK_MUSIC QUESTION_MUSIC QUESTION_NEWS REMOVE_FROM_PLAYLIST_MUSIC REPEAT_ALL_MUSIC
        REPEAT_ALL_OFF_MUSIC REPLAY_MUSIC RESTART_TIMER RESUME_CALL RESUME_MUSIC RESUME_TIMER REWIND_MUSIC SEND_MESSAGE
        SET_AVAILABLE SET_DEFAULT_PROVIDER_CALLING SET_DEFAULT_PROVIDER_MUSIC SET_RSVP_INTERESTED SET_RSVP_NO
        SET_RSVP_YES SET_UNAVAILABLE SHARE_EVENT SILENCE_ALARM SKIP_TRACK_MUSIC SNOOZE_ALARM START_SHUFFLE_MUSIC
        STOP_MUSIC STOP_SHUFFLE_MUSIC SUBTRACT_TIME_TIMER SWITCH_CALL UNLOOP_MUSIC UPDATE_ALARM UPDATE_CALL
        UPDATE_METHOD_CALL UPDATE_REMINDER UPDATE_REMINDER_DATE_TIME UPDATE_REMINDER_LOCATION UPDATE_REMINDER_TODO
        UPDATE_TIMER
    """)
    slots = names("""
        AGE ALARM_NAME AMOUNT ATTENDEE ATTENDEE_EVENT ATTRIBUTE_EVENT CATEGORY_EVENT CONTACT CONTACT_ADDED
        CONTACT_METHOD CONTACT_RELATED CONTACT_REMOVED CONTENT_EXACT DATE_TIME EDUCATION_DEGREE EMPLOYER GENDER GROUP
        JOB LIFE_EVENT LOCATION MAJOR METHOD_RECIPES METHOD_RETRIEVAL_REMINDER METHOD_TIMER MUSIC_ALBUM_MODIFIER
        MUSIC_ALBUM_TITLE MUSIC_ARTIST_NAME MUSIC_GENRE MUSIC_PLAYLIST_MODIFIER MUSIC_PLAYLIST_TITLE MUSIC_PROVIDER_NAME
        MUSIC_RADIO_ID MUSIC_REWIND_TIME MUSIC_TRACK_TITLE MUSIC_TYPE NAME_APP NEWS_CATEGORY NEWS_REFERENCE NEWS_SOURCE
        NEWS_TOPIC NEWS_TYPE ORDINAL PERIOD PERSON_REMINDED PHONE_NUMBER RECIPES_ATTRIBUTE RECIPES_COOKING_METHOD
        RECIPES_CUISINE RECIPES_DIET RECIPES_DISH RECIPES_EXCLUDED_INGREDIENT RECIPES_INCLUDED_INGREDIENT RECIPES_MEAL
        RECIPES_QUALIFIER_NUTRITION RECIPES_RATING RECIPES_SOURCE RECIPES_TIME_PREPARATION RECIPES_TYPE
        RECIPES_TYPE_NUTRITION RECIPES_UNIT_MEASUREMENT RECIPES_UNIT_NUTRITION RECIPIENT SCHOOL SENDER SIMILARITY
        TIMER_NAME TITLE_EVENT TODO TYPE_CONTACT TYPE_CONTENT TYPE_RELATION USER_ATTENDEE_EVENT WEATHER_ATTRIBUTE
        WEATHER_TEMPERATURE_UNIT
    """)
    metric = "frame_accuracy"
    licence = "CC BY-SA 4.0"
    cite = "li2021mtop"
    recipe = RECIPE

    def originals(self, folder: Path, split: str) -> list[Path]:
        """Return the file of a split in the folder of its language."""
        part, _, language = split.rpartition("_")
        file = folder / language / f"{part}.txt"
        return [file] if file.is_file() else []

    def read(self, file: Path) -> dict[str, list[Any]]:
        """Return the hub's columns: a request on each line, its fields parted by tabs."""
        lines = file.read_text(encoding="utf-8").split("\n")
        rows = [line.rstrip("\r").split("\t") for line in lines if line.strip()]
        for number, row in enumerate(rows):
            if len(row) != len(_FIELDS):
                raise ValueError(f"line {number + 1} has {len(row)} fields instead of {len(_FIELDS)}")
        return {name: [row[place] for row in rows] for place, name in enumerate(_FIELDS)}

    def convert(self, row: dict[str, Any]) -> dict[str, Any]:
        """Return words, tags and intent of the authors' form: tokens as JSON, slots as places of characters.

        A slot takes the words that lie in it. A row whose words are not JSON is returned as it is.
        """
        if not (isinstance(row["tokens"], str) and row["tokens"].lstrip().startswith("{")):
            return row
        found = json.loads(row["tokens"])
        spans = [(span["start"], span["start"] + span["length"]) for span in found["tokenSpans"]]
        slots = []
        for slot in str(row["slot_tags"] or "").split(","):
            if slot.strip():
                first, last, _, name = slot.strip().split(":")
                inside = [i for i, (begin, end) in enumerate(spans) if int(first) <= begin and end <= int(last)]
                slots.append((name, inside))
        words = found["tokens"]
        return {
            "tokens": words,
            "slot_tags": tagged(len(words), slots),
            "intent": str(row["intent"]).strip().removeprefix("IN:"),
        }
