"""The card of the textures system: nine steps, with the numbers that were measured."""

from collections.abc import Mapping
from typing import Any

from lookalike._typing import Array
from lookalike.core.card import NOT_YET, Card, arm_size, card_of, measured_numbers

Facts = Mapping[str, Any]


def textures_card(about: Facts, classes: Array) -> Card:
    """Return the card of a fitted system; ``about`` is what its generation says."""
    tell = (
        *(_problem, _metrics, _architecture, _data, _features),
        *(_model, _service, _online, _scaling),
    )
    return card_of("Textures", tell, {**about, "classes": classes.tolist()})


def _problem(facts: Facts) -> list[str]:
    return [
        "Somebody has a picture of a surface and wants to know what it is made of, and "
        "where in the picture each surface lies. How the camera was held and how "
        "bright the light was must not matter.",
        "It knows only the surfaces that it was shown: anything else gets the label of "
        "the one whose patterns are most alike.",
    ]


def _metrics(facts: Facts) -> list[str]:
    return [
        "Offline: accuracy over test patches turned by every 15 degrees, where the "
        "patch, not the turn, is the unit of chance; accuracy upright and in other "
        "light (gamma, contrast); the share of patterns that a change of grey levels "
        "alters, which must be 0. Each with a 95% bootstrap interval.",
        "Online: the share of maps that a person repaints.",
    ]


def _architecture(facts: Facts) -> list[str]:
    side = facts["configuration"]["side"]
    return [
        f"picture -> patches of {side} by {side} -> ranks of the grey levels -> a "
        "Gaussian over them -> rotation-invariant local binary patterns at three "
        f"scales -> {facts['n_features']} shares -> linear discriminants -> a map.",
        "No network: three pictures are too few to learn turning and lighting from, "
        "and both can be taken out by construction.",
    ]


def _data(facts: Facts) -> list[str]:
    return [
        f"{facts['data']['name']}, checksum {facts['data']['checksum'][:12]}: "
        f"{len(facts['classes'])} pictures ({', '.join(facts['classes'])}). The left "
        f"half of each gives {facts['n_train']:,} upright patches to learn from, the "
        f"right half {facts.get('n_test', NOT_YET)} patches to test on: no pixel is in "
        "both.",
        "One picture a texture: what is measured is another part of the same wall, not "
        "another wall.",
    ]


def _features(facts: Facts) -> list[str]:
    return [
        "Ranks make every increasing change of the grey levels invisible, to the bit. "
        "The Gaussian makes points on pixels as smooth as points between them, without "
        "which turning a picture alters its patterns even though their definition "
        "does not know directions. Patterns: uniform ones by their number of bright "
        "points (riu2), with 8 points at radius 1, 16 at 2 and 24 at 3.",
        "Scales and smoothing were chosen by cross-validation within the left halves.",
    ]


def _model(facts: Facts) -> list[str]:
    return [
        "Linear discriminant analysis with a shrunk covariance.",
        *measured_numbers(facts),
    ]


def _service(facts: Facts) -> list[str]:
    return [
        f"One patch takes {facts.get('milliseconds_per_answer', NOT_YET)} ms (median, "
        "one at a time, on the machine that evaluated it). A batch answers exactly "
        "like its patches one by one. A generation is a few kilobytes."
    ]


def _online(facts: Facts) -> list[str]:
    accuracy = facts["metrics"].get("accuracy", {}).get("value")
    size = NOT_YET if accuracy is None else arm_size(accuracy, 0.005)
    return [
        "In shadow first: both generations draw maps, and patches on which they differ "
        f"are labelled by hand. Then half and half; half a point needs {size}."
    ]


def _scaling(facts: Facts) -> list[str]:
    return [
        "Patches are independent of each other: time grows with the area of the "
        "picture and falls with the number of threads.",
        "Watch the share of patches without a clear answer: surfaces are coming in "
        "that were never shown. A new one is a picture more in the folder that "
        "`lookalike train textures --data FOLDER` learns from.",
    ]
