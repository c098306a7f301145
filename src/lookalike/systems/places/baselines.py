"""What the places system is compared with: lists of names, and a small network."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence

import numpy as np

from lookalike._typing import Floats
from lookalike.datasets import Sentences, Tagged, TaggedText
from lookalike.evaluate import f1_of_counts
from lookalike.evaluate.spans import Tags, word_counts
from lookalike.learn import WordWindowClassifier
from lookalike.systems.places.features import spelling
from lookalike.systems.places.gazetteer import LOWER_CASE, mark_sentences
from lookalike.systems.places.tagger import location_tags
from lookalike.systems.places.tuning import best_threshold, known_part, mean_f1

WELL_KNOWN = ("country", "state", "large")
"""Kinds of names that may be known in small letters, too."""


def words_seen(sentences: Sentences, tags: Tags) -> set[str]:
    """Return words, lower case, at least half of whose occurrences are in locations."""
    inside: Counter[str] = Counter()
    everywhere: Counter[str] = Counter()
    for sentence, own in zip(sentences, tags, strict=True):
        for word, tag in zip(sentence, own, strict=True):
            everywhere[word.lower()] += 1
            inside[word.lower()] += tag != "O"
    return {word for word, n in inside.items() if n and 2 * n >= everywhere[word]}


def tags_of_words(sentences: Sequence[Sequence[str]], seen: set[str]) -> Tags:
    """Return the tags of sentences by a list of words, lower case."""
    return [tags_of_flags(word.lower() in seen for word in each) for each in sentences]


def tags_of_list(
    sentences: Sequence[Sequence[str]],
    names: Mapping[str, str],
    lower_case: bool = False,
) -> Tags:
    """Return the tags of sentences by the longest names of a gazetteer alone.

    Names begin with a capital letter; those of countries, states and large cities
    need not, if ``lower_case``.
    """
    known = {f"{LOWER_CASE}{kind}" for kind in WELL_KNOWN} if lower_case else set()
    return [
        tags_of_flags(
            mark != "" and (LOWER_CASE not in mark or mark[2:] in known)
            for _, mark in sentence
        )
        for sentence in mark_sentences(sentences, names)
    ]


def tags_of_flags(inside: Iterable[bool]) -> list[str]:
    """Return the tags of a sentence: neighbours that are on a list are one name.

    Examples
    --------
    >>> tags_of_flags([True, True, False, True])
    ['B', 'I', 'O', 'B']
    """
    tags: list[str] = []
    for is_inside in inside:
        goes_on = bool(tags) and tags[-1] != "O"
        tags.append(("I" if goes_on else "B") if is_inside else "O")
    return tags


def plain_gazetteer(gazetteer: Mapping[str, str], validation: Tagged) -> dict[str, str]:
    """Return the names, without those of small cities if that is better.

    Better on the validation part: the baseline is chosen with as much care as the
    system.
    """
    names = _without(gazetteer, ["state code", "country code"])
    fewer = _without(names, ["small"])
    truth = location_tags(validation)
    reached = [
        f1_of_counts(word_counts(truth, tags_of_list(validation.words, each)).sum(0))
        for each in (names, fewer)
    ]
    return fewer if reached[1] > reached[0] else names


def tuned_gazetteer(
    gazetteer: Mapping[str, str], known: Tagged
) -> tuple[dict[str, str], bool]:
    """Return the best names, and whether to know them in small letters, too.

    Of all sizes of cities, kinds of codes, and both ways with small letters, what
    reaches the best mean of both F1 on the training and the validation part.
    """
    truth = location_tags(known)
    best: tuple[float, dict[str, str], bool] = (-1.0, dict(gazetteer), False)
    for cities in ([], ["small"], ["small", "middle"]):
        for codes in (["state code", "country code"], ["country code"], []):
            names = _without(gazetteer, cities + codes)
            for lower_case in (False, True):
                tags = tags_of_list(known.words, names, lower_case)
                reached = mean_f1(truth, tags)
                best = max(best, (reached, names, lower_case), key=lambda each: each[0])
    return best[1:]


def network_tags(
    data: TaggedText, gazetteer: Mapping[str, str], window: int, random_state: int
) -> Tags:
    """Return the tags of the test part by a small network on the same marked words.

    Its threshold is chosen on the validation part.
    """
    model = WordWindowClassifier(
        window, describe=spelling, min_count=2, max_iter=6, random_state=random_state
    )
    probabilities = []
    for learned, part in ((data.train, data.validation), (known_part(data), data.test)):
        model.fit(mark_sentences(learned.words, gazetteer), location_tags(learned))
        columns = ["BIO".index(tag) for tag in model.classes_.tolist()]
        found = model.predict_proba(mark_sentences(part.words, gazetteer))
        wide = [np.zeros((len(each), 3)) for each in found]
        for given, each in zip(wide, found, strict=True):
            given[:, columns] = each
        probabilities.append(wide)
    threshold, _ = best_threshold(
        location_tags(data.validation),
        lambda t: [tags_of_probabilities(each, t) for each in probabilities[0]],
    )
    return [tags_of_probabilities(each, threshold) for each in probabilities[1]]


def tags_of_probabilities(probabilities: Floats, threshold: float) -> list[str]:
    """Return the tags of a sentence: a location from the threshold on.

    probabilities : (n_words, 3), of B, I and O

    Examples
    --------
    >>> rows = np.array([[0.1, 0.5, 0.4], [0.1, 0.6, 0.3], [0.2, 0.1, 0.7]])
    >>> tags_of_probabilities(rows, 0.5)
    ['B', 'I', 'O']
    """
    inside = probabilities[:, 0] + probabilities[:, 1] >= threshold
    begins = probabilities[:, 0] >= probabilities[:, 1]
    tags, before = [], False
    for is_inside, is_first in zip(inside.tolist(), begins.tolist(), strict=True):
        first = is_inside and (is_first or not before)
        tags.append("B" if first else "I" if is_inside else "O")
        before = is_inside
    return tags


def _without(names: Mapping[str, str], kinds: Sequence[str]) -> dict[str, str]:
    return {name: kind for name, kind in names.items() if kind not in kinds}
