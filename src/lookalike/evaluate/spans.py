"""Counts for the measures of tagged names: words, and whole spans of words.

Tags are B (begins a name), I (goes on with it) and O (outside), one a word. Counts are
rows of (true positives, false positives, false negatives), one a sentence, as
:func:`~lookalike.evaluate.f1_of_counts` and its siblings take them.

References
----------
.. [1] Tjong Kim Sang and De Meulder (2003). "Introduction to the CoNLL-2003 shared
   task: language-independent named entity recognition". CoNLL.   (whole names)
"""

from collections.abc import Sequence

import numpy as np

from lookalike._typing import Ints

Tags = list[list[str]]
"""One list of tags a sentence."""


def spans(tags: Sequence[str]) -> set[tuple[int, int]]:
    """Return the first word of each name in one sentence, and the word behind it.

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
    """Count words as parts of names, int64 (n_sentences, 3).

    Examples
    --------
    >>> word_counts([["B", "I", "O"]], [["O", "B", "B"]])
    array([[1, 1, 1]])
    """
    rows = []
    for own, given in zip(truth, predicted, strict=True):
        pairs = [(a != "O", b != "O") for a, b in zip(own, given, strict=True)]
        hits = sum(a and b for a, b in pairs)
        rows.append(
            (hits, sum(b for _, b in pairs) - hits, sum(a for a, _ in pairs) - hits)
        )
    return np.array(rows, dtype=np.int64)


def span_counts(truth: Tags, predicted: Tags) -> Ints:
    """Count whole names, int64 (n_sentences, 3): both ends must agree.

    Examples
    --------
    >>> span_counts([["B", "I", "O", "B"]], [["O", "B", "O", "B"]])
    array([[1, 1, 1]])
    """
    rows = []
    for own, given in zip(truth, predicted, strict=True):
        a, b = spans(own), spans(given)
        rows.append((len(a & b), len(b - a), len(a - b)))
    return np.array(rows, dtype=np.int64)
