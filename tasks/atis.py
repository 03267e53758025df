"""ATIS: questions about flights, with what they want and the slots they fill."""

from __future__ import annotations

from dataclasses import dataclass

from hbench import Hub, Task
from hbench_tasks._joint import COLUMNS, RECIPE, names


@dataclass(frozen=True)
class Atis(Task):
    """Airline Travel Information Systems: 4,978 questions to train on, 893 to evaluate on.

    26 intents and 83 types of slots; a question that wants several things has an intent of its own, flight+airfare.
    Declared is what occurs in either split: some of the second are not in the first, and are missed by every method.
    """

    kind = "joint"
    hub = Hub("tuetschek/atis", None, "d44649dde31b4c9d2104aac42a35ed83956e7dec")
    eval_splits = ("test",)
    columns = COLUMNS
    layouts = ({"tokens": "text", "tags": "slots", "intent": "intent"},)
    labels = names("""
        abbreviation aircraft aircraft+flight+flight_no airfare airfare+flight airfare+flight_time airline
        airline+flight_no airport capacity cheapest city day_name distance flight flight+airfare flight+airline
        flight_no flight_no+airline flight_time ground_fare ground_service ground_service+ground_fare meal quantity
        restriction
    """)
    slots = names("""
        aircraft_code airline_code airline_name airport_code airport_name arrive_date.date_relative
        arrive_date.day_name arrive_date.day_number arrive_date.month_name arrive_date.today_relative
        arrive_time.end_time arrive_time.period_mod arrive_time.period_of_day arrive_time.start_time arrive_time.time
        arrive_time.time_relative booking_class city_name class_type compartment connect cost_relative day_name
        day_number days_code depart_date.date_relative depart_date.day_name depart_date.day_number
        depart_date.month_name depart_date.today_relative depart_date.year depart_time.end_time depart_time.period_mod
        depart_time.period_of_day depart_time.start_time depart_time.time depart_time.time_relative economy fare_amount
        fare_basis_code flight flight_days flight_mod flight_number flight_stop flight_time fromloc.airport_code
        fromloc.airport_name fromloc.city_name fromloc.state_code fromloc.state_name meal meal_code meal_description
        mod month_name or period_of_day restriction_code return_date.date_relative return_date.day_name
        return_date.day_number return_date.month_name return_date.today_relative return_time.period_mod
        return_time.period_of_day round_trip state_code state_name stoploc.airport_code stoploc.airport_name
        stoploc.city_name stoploc.state_code time time_relative today_relative toloc.airport_code toloc.airport_name
        toloc.city_name toloc.country_name toloc.state_code toloc.state_name transport_type
    """)
    metric = "frame_accuracy"
    licence = "none stated by the source; research use"
    cite = "hemphill1990atis"
    recipe = RECIPE
