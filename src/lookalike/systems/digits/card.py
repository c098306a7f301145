"""The card of the digits system: nine steps, with the numbers that were measured."""

from collections.abc import Mapping
from typing import Any

import numpy as np

from lookalike._typing import Array
from lookalike.core.card import STEPS, Card

_NOT_YET = "not measured yet"

# What the source experiments' triplet recipe reached on full MNIST, as measured by
# `lookalike bench triplet`, beside raw pixels; both with 3 nearest neighbours.
_RECIPE, _RAW = 0.942, 0.9705


def digits_card(about: Mapping[str, Any], labels: Array, vectors: Array) -> Card:
    """Return the card of a fitted system; ``about`` is what its generation says."""
    tell = (
        _problem,
        _metrics,
        _architecture,
        _data,
        _features,
        _model,
        _service,
        _online,
        _scaling,
    )
    facts = {**about, **about["facts"], "labels": labels, "vectors": vectors}
    paragraphs = (tuple(step(facts)) for step in tell)
    return Card("Digits", dict(zip(STEPS, paragraphs, strict=True)))


def _problem(facts: Mapping[str, Any]) -> list[str]:
    return [
        "Somebody has a picture of one handwritten digit and wants to know which digit "
        "it is, how sure the answer is, and which known digits look most like it. The "
        "known digits beside the answer are its explanation: a person can see at a "
        "glance whether to believe it.",
        "It is not meant for several digits in one picture, nor for anything that is "
        "no digit: every picture gets the label of its nearest neighbours, however far "
        "they are (step 9 says how to notice).",
    ]


def _metrics(facts: Mapping[str, Any]) -> list[str]:
    return [
        "Offline: accuracy of the label (the metric that decides), macro F1 so that no "
        "digit is neglected, and precision@10 for the look-alikes: the share of the "
        "ten nearest images that show the same digit. Each with a 95% bootstrap "
        "interval.",
        "Online: the share of answers that a person corrects, and the time to an "
        "answer. Guard rail: the share of pictures farther from everything known than "
        "usual.",
    ]


def _architecture(facts: Mapping[str, Any]) -> list[str]:
    configuration = facts["configuration"]
    return [
        "picture -> 28 by 28 grey pixels, centred by mass -> "
        f"{configuration['embedding']} embedding into {facts['vectors'].shape[1]} "
        "numbers -> exact nearest neighbours among the known images -> vote of the "
        f"{configuration['n_neighbors']} nearest.",
        "Neighbours rather than a classifier: a new digit, or a new hand, is added by "
        "adding rows; nothing is learned again, and every answer shows its evidence.",
    ]


def _data(facts: Mapping[str, Any]) -> list[str]:
    classes, counts = np.unique(facts["labels"], return_counts=True)
    return [
        f"{facts['data']['name']}, checksum {facts['data']['checksum'][:12]}: "
        f"{len(facts['labels']):,} known images in {len(classes)} classes, the rarest "
        f"with {counts.min():,}, the most frequent with {counts.max():,}; "
        f"{facts.get('n_test', _NOT_YET)} test images that took no part in learning. "
        "The split is fixed.",
        "MNIST was written by American census workers and pupils: digits of other "
        "schools (a seven with a bar, a one with a flag) are rare in it.",
    ]


def _features(facts: Mapping[str, Any]) -> list[str]:
    return [
        "The pixels themselves, divided by 255. A file is first turned upright, laid "
        "on white, made grey and brought into MNIST's form: ink scaled to 20 pixels, "
        "its centre of mass in the middle, light on black.",
        facts["features"],
    ]


def _model(facts: Mapping[str, Any]) -> list[str]:
    measured = [
        f"{name.replace('_', ' ')}: {m['value']:.4f} [{m['low']:.4f}, {m['high']:.4f}]"
        for name, m in facts["metrics"].items()
    ]
    comparison = facts["comparison"]
    verdict = (
        f"Against the raw pixels, image by image ({comparison['test']}): "
        f"{comparison['difference']['value']:+.4f}, p = {comparison['p_value']:.2g}."
        if comparison
        else f"Against the raw pixels: {_NOT_YET}."
    )
    return [
        f"{facts['model']} Learned in {facts['seconds_to_learn']:.1f} s.",
        "; ".join(measured) + "." if measured else f"Accuracy: {_NOT_YET}.",
        verdict,
        "Why not the recipe of the source experiments: one random triplet an image, "
        "300 dimensions, a first map that is the gradient on 32 triplets. On full "
        f"MNIST its 3-nearest-neighbour accuracy is {_RECIPE}, worse than the {_RAW} "
        "of the raw pixels that it starts from, though its loss falls as it should. A "
        "random negative is nearly always far away: the map learns to part whole "
        "classes (the negative is nearer than the positive in 25% of the triplets "
        "before, in 6% after) and is never asked about the nearest few, which decide "
        "(of the ten nearest 95.3% show the same digit before, 92.3% after). And the "
        "first map has rank 38, which no later step can raise: 38 of the 300 "
        "dimensions are used. What is shipped looks at each image's nearest others.",
    ]


def _service(facts: Mapping[str, Any]) -> list[str]:
    items, dimensions = facts["vectors"].shape
    return [
        "One answer to one picture takes "
        f"{facts.get('milliseconds_per_answer', _NOT_YET)} ms (median, one at a time, "
        "on the machine that evaluated it). A batch answers exactly like its queries "
        "one by one.",
        f"A generation holds {items:,} images and their vectors of {dimensions} "
        "numbers, memory-mapped, so that several processes share one copy. It is "
        "complete or absent; a damaged one is answered by the one before it.",
    ]


def _online(facts: Mapping[str, Any]) -> list[str]:
    accuracy = facts["metrics"].get("accuracy", {}).get("value")
    if accuracy is None:
        size = f"depends on the accuracy, which is {_NOT_YET}"
    else:
        # Two-sided 5%, power 80%: n = 2 (1.96 + 0.84)^2 p (1 - p) / delta^2 an arm.
        n = 2 * 2.8**2 * accuracy * (1 - accuracy) / 0.005**2
        size = f"is {max(n, 1):,.0f} pictures an arm at the measured accuracy"
    return [
        "First in shadow: both generations answer, people see one, and the pictures on "
        "which they differ are labelled by hand; a paired test needs only those.",
        "Then at random, half and half. The size for a difference of half a point in "
        f"corrected answers (5% two-sided, power 80%) {size}.",
    ]


def _scaling(facts: Mapping[str, Any]) -> list[str]:
    items, dimensions = facts["vectors"].shape
    usual = facts.get("usual_distance")
    far = f"{usual:.3g}" if usual is not None else _NOT_YET
    return [
        f"Memory: {4 * dimensions} bytes a known image for its vector, "
        f"{items * 4 * dimensions / 1e6:.0f} MB here; search time grows with the "
        "number of images at worst in proportion.",
        "Watch the distance to the nearest known image. On the test images 99 of 100 "
        f"lie within {far}; a growing share beyond it means that other pictures are "
        "coming in than those that were learned from.",
        "A new generation is made by `lookalike train digits`, compared by `lookalike "
        "evaluate digits`, and made to answer by `lookalike systems activate`; "
        "`lookalike systems rollback` takes it back. Its embedding has version "
        f"{facts['embedding_version']}: vectors of two versions are never compared.",
    ]
