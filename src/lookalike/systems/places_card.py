"""The card of the places system: nine steps, with the numbers that were measured."""

from collections.abc import Mapping
from typing import Any

from lookalike.systems.card import NOT_YET, Card, card_of, measured_numbers

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
    configuration = facts["configuration"]
    return [
        "text -> words and their offsets -> marks of the gazetteer -> a word and "
        f"{configuration['window']} neighbours on each side -> vectors -> a tanh layer "
        "-> probabilities of beginning, inside and outside, the mean of "
        f"{configuration['n_taggers']} taggers -> a threshold -> names.",
    ]


def _data(facts: Facts) -> list[str]:
    return [
        f"{facts['data']['name']}, checksum {facts['data']['checksum'][:12]}, in its "
        f"original parts: {facts['n_train']:,} sentences of {facts['n_words']:,} words "
        f"to learn from, {facts['n_location_words']:,} of them in locations; "
        f"{facts.get('n_test', NOT_YET)} sentences to test on. The test part was made "
        "of names that hardly occur in the training part.",
        f"The gazetteer holds {facts['n_gazetteer']:,} names (GeoNames, CC BY 4.0).",
    ]


def _features(facts: Facts) -> list[str]:
    return [
        "Of each word: lower case, last three letters, first three letters, form "
        "(capitals, digits, signs), and what the gazetteer says about the longest name "
        "that begins there. A symbol that was not met in training has the vector of "
        "unknown ones, which is learned from symbols that were forgotten on purpose.",
    ]


def _model(facts: Facts) -> list[str]:
    curve = facts["loss_curve"]
    return [
        f"In {len(curve)} passes the loss fell from {curve[0]:.3f} to {curve[-1]:.3f}. "
        f"A word is part of a location from {facts['threshold']:.2f}, the best on the "
        f"validation part (F1 {facts['validation_f1']:.3f}).",
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
        "Sentences are independent of each other. A generation is a few megabytes, "
        "most of it the vectors.",
        "Watch the share of unknown words and the number of names a hundred posts: new "
        "places are new words. Corrected posts are training sentences.",
    ]
