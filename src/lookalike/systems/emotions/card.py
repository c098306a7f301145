"""The card of the emotions system: nine steps, with the numbers that were measured."""

from collections.abc import Mapping
from typing import Any

from lookalike._typing import Array, Floats
from lookalike.core.card import NOT_YET, Card, arm_size, card_of, measured_numbers

Facts = Mapping[str, Any]


def emotions_card(about: Facts, classes: Array, shares: Floats) -> Card:
    """Return the card of a fitted system; ``about`` is what its generation says."""
    tell = (
        *(_problem, _metrics, _architecture, _data, _features),
        *(_model, _service, _online, _scaling),
    )
    named = dict(zip(classes.tolist(), shares.tolist(), strict=True))
    return card_of("Emotions", tell, {**about, "shares": named})


def _problem(facts: Facts) -> list[str]:
    return [
        "Somebody has photographs of people and wants to know what each face shows: "
        f"{', '.join(facts['shares'])}.",
        "It says what a face shows, not what a person feels, and it was made from "
        "pictures that were found and labelled on the web. It is not meant for "
        "decisions about people.",
    ]


def _metrics(facts: Facts) -> list[str]:
    return [
        "Offline: accuracy (the metric that decides), macro F1 so that rare emotions "
        "count, and the calibration error: how far stated probabilities are from what "
        "comes true. Each with a 95% bootstrap interval.",
        "Online: the share of answers that a person corrects. Guard rail: the share of "
        "photographs in which no face is found.",
    ]


def _architecture(facts: Facts) -> list[str]:
    return [
        "photograph -> faces, by scikit-image's cascade of local binary patterns -> 48 "
        f"by 48 grey pixels -> scores ({facts['configuration']['model']}) -> "
        "probabilities, by a logistic regression of the scores that was fitted on "
        "faces the model had not seen.",
    ]


def _data(facts: Facts) -> list[str]:
    counts = ", ".join(f"{name} {share:.1%}" for name, share in facts["shares"].items())
    return [
        f"{facts['data']['name']}, checksum {facts['data']['checksum'][:12]}: "
        f"{facts['n_train']:,} faces to learn from ({counts}), "
        f"{facts['n_held_out']:,} others for the probabilities, "
        f"{facts.get('n_test', NOT_YET)} to test on.",
        "Labels are noisy: people agree with them on about 65 of 100 of the faces in "
        "seven emotions.",
    ]


def _features(facts: Facts) -> list[str]:
    return [
        "Grey pixels of the face alone, cut as the detector found it.",
        facts["features"],
    ]


def _model(facts: Facts) -> list[str]:
    return [
        f"{facts['model']} Learned in {facts.get('seconds_to_learn', NOT_YET)} s.",
        *measured_numbers(facts),
        "Rare emotions can be favoured by dividing each probability by the emotion's "
        "share of the training faces; the numbers with and without stand side by side "
        "above.",
    ]


def _service(facts: Facts) -> list[str]:
    return [
        f"One face takes {facts.get('milliseconds_per_answer', NOT_YET)} ms (median, "
        "one at a time, on the machine that evaluated it). A photograph is searched at "
        "no more than 512 pixels. `lookalike classify FOLDER --system emotions --csv "
        "FILE` answers for a folder."
    ]


def _online(facts: Facts) -> list[str]:
    accuracy = facts["metrics"].get("accuracy", {}).get("value")
    size = NOT_YET if accuracy is None else arm_size(accuracy, 0.01)
    return [
        "First in shadow; faces on which two generations differ are labelled by hand, "
        f"by several people. Then half and half; one point needs {size}."
    ]


def _scaling(facts: Facts) -> list[str]:
    return [
        "Faces are independent of each other: time grows with their number.",
        "Watch the mean probability of the answers and the shares of the emotions: "
        "both move when other photographs come in. Probabilities are fitted again, in "
        "seconds, from a few hundred labelled faces.",
    ]
