"""The card of the places system: nine steps, with the numbers that were measured."""

from collections.abc import Mapping
from typing import Any

from lookalike.core.card import NOT_YET, Card, card_of, measured_numbers

Facts = Mapping[str, Any]


def places_card(about: Facts) -> Card:
    """Return the card of a fitted system; ``about`` is what its generation says."""
    tell = (
        *(_problem, _metrics, _architecture, _data, _features),
        *(_model, _service, _online, _scaling),
    )
    return card_of("Places in text", tell, about)


def _problem(facts: Facts) -> list[str]:
    return [
        "Somebody has posts and wants to know which words name a place, and where in "
        "the text they stand. Posts name places that are on no list yet, write them in "
        "any case, and use the same words for other things.",
        "It knows English in Latin letters. It does not say where on earth a place is.",
    ]


def _metrics(facts: Facts) -> list[str]:
    return [
        "Offline: F1 of words (is this word part of a location), which decides, and of "
        "whole names; precision and recall of both. Each with a 95% bootstrap interval "
        "over sentences, beside two lists in the same table.",
        "Online: the share of names that a person removes or adds.",
    ]


def _architecture(facts: Facts) -> list[str]:
    return [
        "text -> words and their offsets -> marks of the gazetteer -> the symbols of a "
        f"word and of {facts['configuration']['window']} neighbours on each side -> a "
        "weight each, and one for each pair of tags of neighbours -> the probability "
        "of each name -> a threshold -> names that do not overlap.",
    ]


def _data(facts: Facts) -> list[str]:
    return [
        f"{facts['data']['name']}, checksum {facts['data']['checksum'][:12]}, in its "
        f"original parts: {facts['n_train']:,} sentences of {facts['n_words']:,} words "
        f"to learn from, {facts['n_location_words']:,} of them in locations; "
        f"{facts.get('n_test', NOT_YET)} sentences to test on. The test part was made "
        "of names that hardly occur in the training part.",
        f"The gazetteer holds {facts['n_gazetteer']:,} names and codes (GeoNames, CC "
        "BY 4.0).",
    ]


def _features(facts: Facts) -> list[str]:
    return [
        "Of each word and its neighbours: lower case, form (capitals, digits, signs), "
        "last and first letters, and what the gazetteer says about the longest name "
        "that begins there, in capitals or small letters; the word before and the last "
        "word of the run of capitals that it stands in; whether one of these is a "
        "landmark (park, street); how the whole post uses capitals. "
        f"{facts['n_symbols']:,} symbols that stand at two training words or more have "
        "weights, the others none.",
    ]


def _model(facts: Facts) -> list[str]:
    return [
        "A linear-chain conditional random field with C = "
        f"{facts['configuration']['C']:g}, of the tags of locations, persons and other "
        f"names. A name is answered from {facts['threshold']:.3f} on, the best on "
        "pieces of the known parts left out one by one (mean of word and span F1 "
        f"{facts['held_out_f1']:.3f}).",
        *measured_numbers(facts),
    ]


def _service(facts: Facts) -> list[str]:
    return [
        f"One sentence takes {facts.get('milliseconds_per_answer', NOT_YET)} ms "
        "(median, one at a time, on the machine that evaluated it). A batch answers "
        "exactly like its sentences one by one.",
        '`lookalike classify "TEXT" --system places` prints names with offsets; a '
        "file is read line by line.",
    ]


def _online(facts: Facts) -> list[str]:
    return [
        "In shadow first: names on which two generations differ are judged by hand. "
        "Fewer than two words in a hundred are places, so that an experiment counts "
        "posts with a place, not posts."
    ]


def _scaling(facts: Facts) -> list[str]:
    return [
        "Sentences are independent of each other. A generation is about twelve "
        "megabytes, most of it the names of the gazetteer.",
        "Watch the share of unknown words and the number of names a hundred posts: new "
        "places are new words. Corrected posts are training sentences.",
    ]
