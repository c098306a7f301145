"""The card of the attributes system: nine steps, with the measured numbers."""

from collections.abc import Mapping
from typing import Any

from lookalike._typing import Array
from lookalike.core.card import NOT_YET, Card, card_of, measured_numbers

Facts = Mapping[str, Any]


def attributes_card(about: Facts, classes: Array) -> Card:
    """Return the card of a fitted system; ``about`` is what its generation says."""
    tell = (
        *(_problem, _metrics, _architecture, _data, _features),
        *(_model, _service, _online, _scaling),
    )
    return card_of("Attributes", tell, {**about, "classes": classes.tolist()})


def _problem(facts: Facts) -> list[str]:
    return [
        "Somebody wants to recognise combinations of attributes, and has next to no "
        "example of one of them. In the source it is sex by hair length among "
        "students; here it is which digit by how thick its stroke is.",
        f"The combinations are {'; '.join(facts['classes'])}. It knows nothing else.",
    ]


def _metrics(facts: Facts) -> list[str]:
    return [
        "Offline: recall of each combination, above all of the rare one, over "
        f"{facts['configuration']['n_draws']} draws of the training images, with 95% "
        "bootstrap intervals over draws.",
        "Online: the share of corrected answers, by combination.",
    ]


def _architecture(facts: Facts) -> list[str]:
    return [
        "picture -> 28 by 28 grey pixels -> means of 4 by 4 pixels -> one logistic "
        "regression an attribute -> an output layer that is not trained, which "
        "multiplies the values that make a combination.",
    ]


def _data(facts: Facts) -> list[str]:
    configuration = facts["configuration"]
    return [
        f"{facts['data']['name']}, checksum {facts['data']['checksum'][:12]}: "
        f"{configuration['n_common']} training images of each combination, "
        f"{configuration['n_rare']} of {configuration['rare']}, drawn from "
        f"{facts['n_pool']:,}; {facts.get('n_test', NOT_YET)} test images.",
        "The digit was labelled by people. The stroke was measured: the narrowest "
        "third of a digit's images is thin, the widest third thick, the rest is left "
        "out.",
    ]


def _features(facts: Facts) -> list[str]:
    return ["49 means of blocks of pixels. Nothing about them is learned."]


def _model(facts: Facts) -> list[str]:
    return [
        "Each attribute is learned from all training images, so that the rare "
        "combination shares each of its values with others. The flat classifier beside "
        "it is the same logistic regression on the four combinations.",
        *measured_numbers(facts),
        "This holds where the attributes show in different ways. With many examples of "
        "each combination the flat classifier catches up.",
    ]


def _service(facts: Facts) -> list[str]:
    return [
        f"One answer takes {facts.get('milliseconds_per_answer', NOT_YET)} ms (median, "
        "one at a time, on the machine that evaluated it). A generation holds the "
        "training images; what is learned from them is learned again in a moment."
    ]


def _online(facts: Facts) -> list[str]:
    return [
        "In shadow. A rare combination needs its own count: an experiment that looks "
        "at all answers together would not see it."
    ]


def _scaling(facts: Facts) -> list[str]:
    return [
        "The number of models grows with the attributes, not with their combinations.",
        "Watch the share of each combination: one that becomes frequent deserves its "
        "own examples.",
    ]
