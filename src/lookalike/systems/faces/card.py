"""The card of the faces system: nine steps, with the numbers that were measured."""

from collections.abc import Mapping
from typing import Any

from lookalike.core.card import NOT_YET, Card, arm_size, card_of, measured_numbers

Facts = Mapping[str, Any]


def faces_card(about: Facts, n_known: int, n_pictures: int) -> Card:
    """Return the card of a fitted system; ``about`` is what its generation says."""
    tell = (
        *(_problem, _metrics, _architecture, _data, _features),
        *(_model, _service, _online, _scaling),
    )
    return card_of(
        "Faces", tell, {**about, "n_known": n_known, "n_pictures": n_pictures}
    )


def _problem(facts: Facts) -> list[str]:
    return [
        "Somebody has a picture of a face and wants to know who it is among the people "
        "who were enrolled, or that it is none of them; or whether two pictures show "
        "one person.",
        "It is meant for people who agreed to be enrolled. Forty people of one "
        "laboratory are no sample of mankind: what is measured here says nothing about "
        "how it treats groups of people differently.",
    ]


def _metrics(facts: Facts) -> list[str]:
    return [
        "Offline: accuracy among the enrolled over ten splits; false accepts and false "
        "rejects of pairs at a threshold that was chosen on other people; strangers "
        "refused; newcomers recognised from two pictures. Each with a 95% bootstrap "
        "interval over people.",
        "Online: the share of refusals that a person overrules. Guard rail: accepted "
        "strangers.",
    ]


def _architecture(facts: Facts) -> list[str]:
    return [
        "picture -> the one face, by scikit-image's cascade, 112 by 92 grey -> "
        f"{facts['n_dimensions']} numbers of length one -> cosine with the mean of "
        "each person -> who, or a stranger.",
        "A mean a person rather than a classifier: enrolling somebody is adding rows.",
    ]


def _data(facts: Facts) -> list[str]:
    return [
        f"{facts['data']['name']}, checksum {facts['data']['checksum'][:12]}: "
        f"{facts['n_known']} people enrolled by {facts['n_pictures']} pictures. "
        "Learning sees the enrolled pictures only; thresholds are chosen by leaving "
        "out a quarter of the people at a time."
    ]


def _features(facts: Facts) -> list[str]:
    return [
        "Uniform local binary patterns (8 points at radius 2), a histogram for each of "
        "7 by 7 cells, and the root of each share. Grey levels of the whole picture "
        "may rise or stretch without changing them."
    ]


def _model(facts: Facts) -> list[str]:
    return [
        "All principal components of the enrolled pictures, then the discriminant "
        "directions between people, the scatter within people shrunk. The source "
        "experiments make that scatter regular by projecting on exactly as many "
        "components as it has rank; it is then ill-conditioned, and the table shows "
        "what that costs (Fisherfaces of full rank).",
        *measured_numbers(facts),
    ]


def _service(facts: Facts) -> list[str]:
    return [
        f"One face takes {facts.get('milliseconds_per_answer', NOT_YET)} ms (median, "
        "one at a time, on the machine that evaluated it). `lookalike enrol` adds a "
        "person as a new generation; `lookalike verify` compares two pictures.",
        f"Two pictures are of one person from a cosine of {facts['threshold']:.3f}; a "
        f"face is somebody's from {facts['stranger_threshold']:.3f}.",
    ]


def _online(facts: Facts) -> list[str]:
    refused = facts["metrics"].get("strangers_refused", {}).get("value")
    size = NOT_YET if refused is None else arm_size(refused, 0.01)
    return [
        "In shadow, against people's own identification. One point in refused "
        f"strangers needs {size}."
    ]


def _scaling(facts: Facts) -> list[str]:
    return [
        "Time and memory grow with the number of people. With more people strangers "
        "find somebody more alike: choose the threshold again when the number doubles.",
        "Watch the cosines of accepted faces; they sink as people age and cameras "
        "change, and new pictures of a person are enrolled beside the old ones.",
    ]
