"""Counts of correct and wrong names in tagged sentences, by word and by whole span.

Each word has a tag: B (first word of a name), I (inside a name) or O (outside). Counts
are true positives, false positives and false negatives, one row for each sentence, as
:func:`~lookalike.evaluate.f1_of_counts` and its siblings take them.

References
----------
.. [1] Tjong Kim Sang and De Meulder (2003). "Introduction to the CoNLL-2003 shared
   task: language-independent named entity recognition". CoNLL.   (exact spans)
"""

from collections.abc import Sequence

import numpy as np

from lookalike._typing import Ints

Tags = list[list[str]]
"""The tags of each sentence."""


def spans(tags: Sequence[str]) -> set[tuple[int, int]]:
    """Return the spans of the names in one sentence: first word, and the word behind.

    An I that does not follow a name begins one.

    Examples
    --------
    >>> sorted(spans(["B", "I", "O", "I", "B"]))
    [(0, 2), (3, 4), (4, 5)]
    """
    found, start = set(), None
    for i, tag in enumerate([*tags, "O"]):
        if start is not None and tag != "I":
            found.add((start, i))
            start = None
        if start is None and tag != "O":
            start = i
    return found


def word_counts(truth: Tags, predicted: Tags) -> Ints:
    """Count words that are tagged as part of a name, B or I, int64 (n_sentences, 3).

    Examples
    --------
    >>> word_counts([["B", "I", "O"]], [["O", "B", "B"]])
    array([[1, 1, 1]])
    """
    rows = []
    for true, given in zip(truth, predicted, strict=True):
        pairs = [(a != "O", b != "O") for a, b in zip(true, given, strict=True)]
        both = sum(a and b for a, b in pairs)
        rows.append(
            (both, sum(b for _, b in pairs) - both, sum(a for a, _ in pairs) - both)
        )
    return np.array(rows, dtype=np.int64)


def span_counts(truth: Tags, predicted: Tags) -> Ints:
    """Count whole names, int64 (n_sentences, 3).

    A name is correct if both of its ends are.

    Examples
    --------
    >>> span_counts([["B", "I", "O", "B"]], [["O", "B", "O", "B"]])
    array([[1, 1, 1]])
    """
    rows = []
    for true, given in zip(truth, predicted, strict=True):
        a, b = spans(true), spans(given)
        rows.append((len(a & b), len(b - a), len(a - b)))
    return np.array(rows, dtype=np.int64)
