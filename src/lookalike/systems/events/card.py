"""The card of events: nine steps, with the numbers that were measured."""

from collections.abc import Mapping
from typing import Any

from lookalike.core.card import NOT_YET, Card, arm_size, card_of, measured_numbers

Facts = Mapping[str, Any]


def events_card(about: Facts) -> Card:
    """Return the card of a fitted system; ``about`` is what its generation says."""
    tell = (
        *(_problem, _metrics, _architecture, _data, _features),
        *(_model, _service, _online, _scaling),
    )
    return card_of("Events", tell, about)


def _problem(facts: Facts) -> list[str]:
    return [
        "Somebody looks for something to do. Put the events that are open near them in "
        "the order in which they are likely to join. Events are over after days: most "
        "of what is on offer has hardly any history.",
        "Where somebody lives and whom they know is used: show friends who go only to "
        "their friends, and forget who leaves.",
    ]


def _metrics(facts: Facts) -> list[str]:
    return [
        "Offline: nDCG and recall at 10 of the lists that were shown after a moment, "
        "with lists as the unit of chance; nDCG among the events that were announced "
        "after that moment, and among the older ones; where the data is simulated, "
        "the share of the nDCG of the best ranking possible.",
        "Online: joins for each person who looked, and attendance for each join, which "
        "must not fall.",
    ]


def _architecture(facts: Facts) -> list[str]:
    configuration = facts["configuration"]
    return [
        "person and moment -> events that are open and not joined -> features of that "
        f"moment -> a ranker ({configuration['model']}) -> those within "
        f"{configuration['radius']:g} km first -> a list, with the strongest reason.",
        "The features of training and of serving come from one builder, which asks a "
        "log about its past only: a test changes the future and finds every row as it "
        "was.",
    ]


def _data(facts: Facts) -> list[str]:
    return [
        f"{facts['data']['name']}, checksum {facts['data']['checksum'][:12]}: "
        f"{facts['n_people']:,} people, {facts['n_events']:,} events; learned from "
        f"{facts['n_lessons']:,} shown events in {facts['n_lists']:,} lists, of which "
        f"{facts['share_joined']:.1%} were joined, tested on the "
        f"{facts.get('n_test_lists', NOT_YET)} later lists with a join.",
        "The simulator states the chance of every join, so that the best ranking is "
        "known; lists are drawn at random from what is open nearby, so that there is "
        "no bias of position or of an earlier recommender. Real logs have both.",
    ]


def _features(facts: Facts) -> list[str]:
    return [
        "Taste as it was told and as joins show it; distance, and beside what is "
        "usual; friends who go and who invite; price, and beside what is usual; hours "
        "until it begins, day and hour; how long somebody has been registered, age, "
        "and that of those who joined; joins of the event, its host and the person so "
        "far, beside how often they were shown.",
    ]


def _model(facts: Facts) -> list[str]:
    compared = facts["configuration"]["compare"].replace("_", " ").replace(",", ", ")
    return [f"Learned and compared: {compared}.", *measured_numbers(facts)]


def _service(facts: Facts) -> list[str]:
    return [
        f"One person's list takes {facts.get('milliseconds_per_answer', NOT_YET)} ms "
        "(median, one at a time, on the machine that evaluated it), features included.",
    ]


def _online(facts: Facts) -> list[str]:
    rate = facts["share_joined"]
    return [
        "Friends pull friends along: draw cities or communities for each half, not "
        "single people. A difference of a tenth of today's "
        f"{rate:.1%} of joins needs {arm_size(rate, rate / 10)}, were people "
        "independent.",
    ]


def _scaling(facts: Facts) -> list[str]:
    return [
        "Cost grows with what is open near a person, not with all events. A log of "
        "many millions is kept as running counts instead of being asked again.",
        "Watch joins beside the forecast, the share of lists that are filled from "
        "beyond the radius, and the age of the log the features are asked of.",
    ]
